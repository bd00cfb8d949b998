import { METRIC } from '../contract/names';
import type { Leftover } from './deliver';
import { ConnectorError, type ErrorCode } from '../domain/errors';
import type { Inflight, Place } from '../domain/checkpoint';
import type { AuditLog, AuditLogPage } from '../ports/audit-log';
import type { CommitOptions, Lease } from '../ports/checkpoints';
import { publishPage, type PublishedPage, type Watermarked } from './publish-page';
import type { Run } from './run';
import type { WindowReader } from './window-reader';

/** A window of more pages than this is not an audit log but a loop. At 100 records a page it is two million records. */
const MAX_PAGES = 20_000;

/** How often a window may be read again from its start before that is a failure. */
const MAX_RESTARTS = 3;

/** From this cursor on there is no end: kept, it would be tried for ever. */
const LEADS_NOWHERE: readonly ErrorCode[] = ['CURSOR_REFUSED', 'CURSOR_LOOP', 'TOO_MANY_PAGES'];

export interface WindowRead<At = Place> {
  readonly checkpoint: At;
  /** `again`: the window is read again from its start. `interrupted`: time ran out or upstream asked to wait; the lease is given back. */
  readonly outcome: 'whole' | 'again' | 'interrupted';
}

/**
 * Reads a window to its end: publishes each page while it arrives, and commits the place after it. The next page's request
 * starts when a page was read, and its last unit is still being published.
 *
 * @param release Gives the lease back with the commit of the last page.
 * @throws ConnectorError
 */
export async function readWindow<Window extends Inflight, At extends Watermarked>(
  run: Run<Lease<At>>,
  log: AuditLog,
  start: At,
  reader: WindowReader<Window, At>,
  release: boolean,
): Promise<WindowRead<At>> {
  const { lease, deadline } = run;
  let checkpoint = start;
  let { window } = reader;
  const pages = log.pages(window, window.cursor, deadline);
  let next: Promise<IteratorResult<AuditLogPage, void>> | undefined;
  try {
    for (;;) {
      const { value: page } = await (next ?? pages.next());
      next = undefined;
      if (page === undefined) return { checkpoint, outcome: 'whole' };
      if (deadline.isNear()) return await interrupted(run, checkpoint);
      const published = await publishPage(run, page, reader, () => {
        if (deadline.isNear()) return;
        next = pages.next();
        // A failure counts once the page is asked for; until then it must not count as unhandled.
        next.catch(() => undefined);
      });
      const { end, tally, leftover } = published;
      if (end === null || leftover !== null)
        return await interrupted(run, reader.stopped(checkpoint, tally), published);
      const after = reader.next(checkpoint, window, { asOf: page.asOf, dialect: page.dialect, ...end }, tally);
      const rest = reader.current(after);
      await lease.commit(after, rest === null && release ? { release: 'whole' } : {});
      checkpoint = after;
      if (rest === null) return { checkpoint, outcome: 'whole' };
      window = rest;
      if (window.page > MAX_PAGES)
        throw new ConnectorError(
          'TOO_MANY_PAGES',
          `Tailscale gave more than ${MAX_PAGES} pages for one window; report it to Tailscale with the request id in the log`,
        );
      if (deadline.isNear()) return await interrupted(run, checkpoint);
    }
  } catch (error) {
    return await afterTrouble(run, checkpoint, reader, window, error);
  } finally {
    // Nothing may be pending afterwards.
    await Promise.allSettled([next]);
    await pages.return();
  }
}

async function afterTrouble<Window extends Inflight, At>(
  run: Run<Lease<At>>,
  checkpoint: At,
  reader: WindowReader<Window, At>,
  window: Window,
  error: unknown,
): Promise<WindowRead<At>> {
  const { lease, telemetry, connector, clock } = run;
  if (!(error instanceof ConnectorError)) throw error;
  if (LEADS_NOWHERE.includes(error.code) && window.cursor !== null) {
    telemetry.count(connector.id, METRIC.windowRestarts, 1);
    const restarted = reader.restarted(checkpoint, window);
    await lease.commit(restarted);
    if (error.code !== 'CURSOR_REFUSED' || window.restarts >= MAX_RESTARTS) throw error;
    return { checkpoint: restarted, outcome: 'again' };
  }
  if (error.code === 'OUT_OF_TIME') return interrupted(run, checkpoint);
  if (error.code === 'RATE_LIMITED' && error.retryAfterMs !== undefined) {
    telemetry.warn('Tailscale asks to wait', { connector: connector.id, seconds: error.retryAfterMs / 1000 });
    await lease.commit(checkpoint, { release: 'waiting', notBefore: clock.now() + error.retryAfterMs });
    return { checkpoint, outcome: 'interrupted' };
  }
  throw error;
}

/** Stops here; the next run continues from the same place. Only running out of time is no failure. */
async function interrupted<At>(run: Run<Lease<At>>, checkpoint: At, page?: PublishedPage): Promise<WindowRead<At>> {
  const { leftover = null, stuckOn = null } = page ?? {};
  if (leftover !== null) failUnlessTime(run, leftover);
  const stuck: Pick<CommitOptions, 'stuckOn'> = stuckOn === null ? {} : { stuckOn };
  await run.lease.commit(checkpoint, { release: 'partial', ...stuck });
  return { checkpoint, outcome: 'interrupted' };
}

function failUnlessTime({ deadline }: Pick<Run, 'deadline'>, leftover: Leftover): void {
  if (leftover.kind === 'failure') throw leftover.error;
  if (deadline.isNear()) return;
  throw new ConnectorError(
    'BUS_EXHAUSTED',
    `EventBridge did not accept ${leftover.count} entries after several tries; check its PutEvents quota in this region`,
  );
}
