import type { Inflight } from '../domain/checkpoint';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError, type ErrorCode } from '../domain/errors';
import type { Millis } from '../domain/time';
import type { AuditLog, AuditLogPage } from '../ports/audit-log';
import type { Lease } from '../ports/checkpoints';
import type { Telemetry } from '../ports/telemetry';
import type { PagePublisher, PublishedPage } from './publish-page';
import { createTally } from './tally';
import type { WindowReader } from './window-reader';

/** A window of more pages than this is not an audit log but a loop. At 100 records a page it is two million records. */
const MAX_PAGES = 20_000;

/** How often a window may be read again from its start before that is a failure. */
const MAX_RESTARTS = 3;

/** A window whose cursor failed like this cannot continue: kept, the cursor would be tried for ever. */
const CURSOR_ERRORS: readonly ErrorCode[] = ['CURSOR_REFUSED', 'CURSOR_LOOP', 'TOO_MANY_PAGES'];

export interface WindowRead<State> {
  readonly checkpoint: State;
  /** `again`: the window is read again from its start. `interrupted`: time ran out or Tailscale asked to wait; the lease is given back. */
  readonly outcome: 'whole' | 'again' | 'interrupted';
}

export interface ReadWindowDeps<State> {
  readonly log: AuditLog;
  readonly publisher: PagePublisher;
  readonly lease: Pick<Lease<State>, 'commit'>;
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Its id. */
  readonly connector: string;
}

/**
 * Reads a window to its end: publishes each page while it arrives, and commits the checkpoint after it. The next page's
 * request starts when a page was read, while its last unit is still being published.
 *
 * @param start The checkpoint before the window's next page.
 * @param release Gives the lease back with the commit of the last page.
 * @throws ConnectorError
 */
export async function readWindow<Window extends Inflight, State extends { readonly watermark: Millis }>(
  deps: ReadWindowDeps<State>,
  start: State,
  reader: WindowReader<Window, State>,
  release: boolean,
): Promise<WindowRead<State>> {
  const { log, publisher, lease, deadline } = deps;
  let checkpoint = start;
  let { window } = reader;
  const pages = log.pages(window, window.cursor, deadline);
  let next: Promise<IteratorResult<AuditLogPage, void>> | undefined;
  const fetchAhead = (): void => {
    if (deadline.isNear()) return;
    next = pages.next();
    // A failure counts once the page is asked for; until then it must not count as unhandled.
    next.catch(() => undefined);
  };
  try {
    for (;;) {
      const { value: page } = await (next ?? pages.next());
      next = undefined;
      if (page === undefined) return { checkpoint, outcome: 'whole' };
      if (deadline.isNear()) return await interrupt(deps, checkpoint);
      const tally = createTally();
      let published: PublishedPage;
      try {
        published = await publisher.publish(page, reader, tally, fetchAhead);
      } finally {
        reader.pageRead(page, tally);
      }
      const { end, leftover } = published;
      if (end === null || leftover !== null) {
        const stopped = reader.after(checkpoint, window, { kind: 'stopped', tally });
        return await interrupt(deps, stopped.checkpoint, published);
      }
      const pageRead = { asOf: page.asOf, dialect: page.dialect, ...end };
      const after = reader.after(checkpoint, window, { kind: 'page', page: pageRead, tally });
      await lease.commit(after.checkpoint, after.window === null && release ? { release: 'whole' } : {});
      checkpoint = after.checkpoint;
      if (after.window === null) return { checkpoint, outcome: 'whole' };
      window = after.window;
      if (window.page > MAX_PAGES)
        throw new ConnectorError(
          'TOO_MANY_PAGES',
          `Tailscale gave more than ${MAX_PAGES} pages for one window; report it to Tailscale with the request id in the log`,
        );
      if (deadline.isNear()) return await interrupt(deps, checkpoint);
    }
  } catch (error) {
    return await afterError(deps, checkpoint, reader, window, error);
  } finally {
    await Promise.allSettled([next]);
    await pages.return();
  }
}

async function afterError<Window extends Inflight, State>(
  deps: ReadWindowDeps<State>,
  checkpoint: State,
  reader: WindowReader<Window, State>,
  window: Window,
  error: unknown,
): Promise<WindowRead<State>> {
  const { lease, telemetry, connector, clock } = deps;
  if (!(error instanceof ConnectorError)) throw error;
  if (CURSOR_ERRORS.includes(error.code) && window.cursor !== null) {
    const restarted = reader.after(checkpoint, window, { kind: 'restarted' });
    await lease.commit(restarted.checkpoint);
    if (error.code !== 'CURSOR_REFUSED' || window.restarts >= MAX_RESTARTS) throw error;
    return { checkpoint: restarted.checkpoint, outcome: 'again' };
  }
  if (error.code === 'OUT_OF_TIME') return interrupt(deps, checkpoint);
  if (error.code === 'RATE_LIMITED' && error.retryAfterMs !== undefined) {
    telemetry.warn('Tailscale asks to wait', { connector, seconds: error.retryAfterMs / 1000 });
    await lease.commit(checkpoint, { release: 'waiting', notBefore: clock.now() + error.retryAfterMs });
    return { checkpoint, outcome: 'interrupted' };
  }
  throw error;
}

/** Stops here; the next run continues from the same checkpoint. Only running out of time is no failure. */
async function interrupt<State>(
  { lease, deadline }: ReadWindowDeps<State>,
  checkpoint: State,
  page?: PublishedPage,
): Promise<WindowRead<State>> {
  const { leftover = null, stuckOn = null } = page ?? {};
  if (leftover?.kind === 'failure') throw leftover.error;
  if (leftover?.kind === 'unsent' && !deadline.isNear())
    throw new ConnectorError(
      'BUS_EXHAUSTED',
      `EventBridge did not accept ${leftover.count} entries after several tries; check its PutEvents quota in this region`,
    );
  await lease.commit(checkpoint, { release: 'partial', ...(stuckOn === null ? {} : { stuckOn }) });
  return { checkpoint, outcome: 'interrupted' };
}
