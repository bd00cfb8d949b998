import { METRIC } from '../contract/names';
import { ConnectorError, type ErrorCode } from './errors';
import type { AuditLog, Hold, Inflight, Place } from './ports';
import { prefetch } from './prefetch';
import { publishPage, type Watermarked } from './publish-page';
import type { Run } from './run';
import type { PublishedPage, Walk } from './walk';

/** A window of more pages than this is not an audit log but a loop. At 100 records a page it is two million records. */
const MAX_PAGES = 20_000;

/** How often a window may begin anew before that is a failure of its own. */
const MAX_RESTARTS = 3;

/** From this cursor on there is no end: kept, it would be tried for ever. */
const LEADS_NOWHERE: readonly ErrorCode[] = ['CURSOR_REFUSED', 'CURSOR_LOOP', 'TOO_MANY_PAGES'];

export interface WindowRead<At = Place> {
  readonly place: At;
  /** `again`: the window began anew. `interrupted`: time ran out or upstream asked to wait; the lease is given back. */
  readonly outcome: 'whole' | 'again' | 'interrupted';
}

/**
 * Reads a window to its end: publishes each page and commits the place behind it, while the next page is fetched.
 *
 * @param release Gives the lease back with the commit of the last page.
 * @throws ConnectorError
 */
export async function readWindow<Window extends Inflight, At extends Watermarked>(
  run: Run<Hold<At>>,
  log: AuditLog,
  start: At,
  walk: Walk<Window, At>,
  release: boolean,
): Promise<WindowRead<At>> {
  const { tenure, deadline } = run;
  let place = start;
  let { window } = walk;
  try {
    for await (const page of prefetch(log.pages(window, window.cursor, deadline), deadline)) {
      if (deadline.isNear()) return await interrupted(run, place);
      const delivery = await publishPage(run, page, walk);
      const next = walk.behind(place, window, page, delivery);
      if (next === place) return await interrupted(run, walk.stopped(place, delivery), delivery);
      const rest = walk.in(next);
      await tenure.commit(next, { release: release && rest === null });
      place = next;
      if (rest === null) break;
      window = rest;
      if (window.page > MAX_PAGES) throw new ConnectorError('TOO_MANY_PAGES', `Tailscale gave more than ${MAX_PAGES} pages for one window; report it to Tailscale with the request id in the log`);
      if (deadline.isNear()) return await interrupted(run, place);
    }
    return { place, outcome: 'whole' };
  } catch (error) {
    return afterTrouble(run, place, walk, window, error);
  }
}

async function afterTrouble<Window extends Inflight, At>(run: Run<Hold<At>>, place: At, walk: Walk<Window, At>, window: Window, error: unknown): Promise<WindowRead<At>> {
  const { tenure, telemetry, connector, clock } = run;
  if (!(error instanceof ConnectorError)) throw error;
  if (LEADS_NOWHERE.includes(error.code) && window.cursor !== null) {
    telemetry.count(connector.id, METRIC.windowRestarts, 1);
    const restarted = walk.restarted(place, window);
    await tenure.commit(restarted);
    if (error.code !== 'CURSOR_REFUSED' || window.restarts >= MAX_RESTARTS) throw error;
    return { place: restarted, outcome: 'again' };
  }
  if (error.code === 'OUT_OF_TIME') return interrupted(run, place);
  if (error.code === 'RATE_LIMITED' && error.retryAfterMs !== undefined) {
    telemetry.warn('Tailscale asks to wait', { connector: connector.id, seconds: error.retryAfterMs / 1000 });
    await tenure.commit(place, { release: true, notBefore: clock.now() + error.retryAfterMs });
    return { place, outcome: 'interrupted' };
  }
  throw error;
}

/** Stops here; the next tick goes on from the same place. Only running out of time is no failure. */
async function interrupted<At>(run: Run<Hold<At>>, place: At, delivery?: PublishedPage): Promise<WindowRead<At>> {
  if (delivery !== undefined && !run.deadline.isNear()) {
    throw new ConnectorError('BUS_EXHAUSTED', `EventBridge did not take ${delivery.unsent.length} entries after several tries; check its PutEvents quota in this region`);
  }
  await run.tenure.commit(place, { release: true });
  return { place, outcome: 'interrupted' };
}
