import { METRIC } from '../contract/names';
import type { ConnectorSettings, SeverityProfile } from '../contract/settings';
import { normalize, type NormalizedEvent } from '../events/normalize';
import { deliver } from './deliver';
import { dropSeen } from './drop-seen';
import { ConnectorError } from './errors';
import type { AuditLog, AuditLogPage, Bus, Clock, Deadline, Delivery, Dialect, Inflight, Millis, OpenAuditLog, Place, Telemetry, Tenure } from './ports';
import { prefetch } from './prefetch';
import { adoptDialect, afterPage, planWindow, restartWindow } from './window';

/** A window of more pages than this is not an audit log but a loop. At 100 records a page it is two million records. */
const MAX_PAGES = 20_000;

/** How often a window may begin anew before that is a failure of its own. */
const MAX_RESTARTS = 3;

/** What a run has done so far. */
export interface Progress {
  /** Records read. */
  fetched: number;
  /** Events the bus accepted, policy diffs included. */
  emitted: number;
  /** Events dropped because they had been published before. */
  duplicates: number;
  pages: number;
  dialect: Dialect | null;
}

/** One run of one connector, and all it needs. */
export interface Run {
  readonly connector: ConnectorSettings;
  readonly openAuditLog: OpenAuditLog;
  readonly bus: Bus;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly telemetry: Telemetry;
  readonly runId: string;
  readonly overlapMinutes: number;
  readonly severityProfile: SeverityProfile;
}

/**
 * Reads window after window until the log is read up to the start of this run, or time runs out (`partial`). The lease
 * is given back with the last commit.
 *
 * @throws ConnectorError
 */
export async function follow(run: Run): Promise<{ progress: Progress; partial: boolean }> {
  const startedAt = run.clock.now();
  let place = adoptDialect(run.tenure.place, run.connector.dialect);
  const progress: Progress = { fetched: 0, emitted: 0, duplicates: 0, pages: 0, dialect: place.dialect };
  const log = run.openAuditLog(run.connector, place.dialect);
  for (;;) {
    const window = planWindow(place, run.tenure.genesis, run.clock.now(), run.overlapMinutes * 60_000);
    const read = await readWindow(run, log, place, window, startedAt, progress);
    if (read.outcome === 'upToDate') return { progress, partial: false };
    if (read.outcome === 'interrupted') return { progress, partial: true };
    place = read.place;
  }
}

interface WindowRead {
  readonly place: Place;
  /** `upToDate` and `interrupted`: the lease is given back. */
  readonly outcome: 'upToDate' | 'interrupted' | 'more';
}

async function readWindow(run: Run, log: AuditLog, place: Place, window: Inflight, startedAt: Millis, progress: Progress): Promise<WindowRead> {
  const { tenure, deadline, telemetry, connector } = run;
  const { watermark } = place;
  try {
    for await (const page of prefetch(log.pages(window, window.cursor, deadline), deadline)) {
      const delivery = await publishPage(run, page, watermark, progress);
      const next = afterPage(place, window, page, delivery);
      if (next === place) return await interrupted(run, place, delivery);
      const upToDate = page.cursor === null && window.until >= startedAt;
      await tenure.commit(next, { release: upToDate });
      place = next;
      if (upToDate) return { place, outcome: 'upToDate' };
      if (next.inflight === null) break;
      window = next.inflight;
      if (window.page > MAX_PAGES) throw new ConnectorError('TOO_MANY_PAGES', `Tailscale gave more than ${MAX_PAGES} pages for one window; report it to Tailscale with the request id in the log`);
      if (deadline.isNear()) return await interrupted(run, place);
    }
    return deadline.isNear() ? await interrupted(run, place) : { place, outcome: 'more' };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    if (error.code === 'CURSOR_REFUSED' && window.cursor !== null) {
      telemetry.count(connector.id, METRIC.windowRestarts, 1);
      const restarted = restartWindow(place, window);
      await tenure.commit(restarted);
      if (window.restarts >= MAX_RESTARTS) throw error;
      return { place: restarted, outcome: 'more' };
    }
    if (error.code === 'OUT_OF_TIME') return await interrupted(run, place);
    if (error.code === 'RATE_LIMITED' && error.retryAfterMs !== undefined) {
      telemetry.warn('Tailscale asks to wait', { connector: connector.id, seconds: error.retryAfterMs / 1000 });
      await tenure.commit(place, { release: true, notBefore: run.clock.now() + error.retryAfterMs });
      return { place, outcome: 'interrupted' };
    }
    throw error;
  }
}

/** Stops here; the next tick goes on from the same place. Only running out of time is no failure. */
async function interrupted(run: Run, place: Place, delivery?: Delivery): Promise<WindowRead> {
  const refused = delivery?.refused[0];
  if (refused !== undefined) {
    throw new ConnectorError('BUS_REFUSED', `EventBridge refused ${delivery?.refused.length ?? 0} entries for good (${refused.code}); nothing is skipped, so polling waits here`);
  }
  if (delivery !== undefined && !run.deadline.isNear()) {
    throw new ConnectorError('BUS_EXHAUSTED', `EventBridge did not take ${delivery.unsent.length} entries after several tries; check its PutEvents quota in this region`);
  }
  await run.tenure.commit(place, { release: true });
  return { place, outcome: 'interrupted' };
}

async function publishPage(run: Run, page: AuditLogPage, watermark: Millis, progress: Progress): Promise<Delivery<NormalizedEvent>> {
  const { tenure, bus, deadline, connector, telemetry } = run;
  const tailnetKey = await confirmTailnet(tenure, connector, page);
  if (page.skewMs !== null) telemetry.count(connector.id, METRIC.clockSkew, Math.abs(page.skewMs) / 1000);
  const context = {
    connector: connector.id,
    tailnetKey,
    mode: 'live' as const,
    runId: run.runId,
    receivedAt: run.clock.now(),
    watermark,
    severityProfile: run.severityProfile,
    oauthClientId: page.oauthClientId,
  };
  const events = page.records.flatMap((record) => normalize(record, context));
  const buckets = [...new Set(events.map((event) => event.seen.bucket))];
  const fresh = events.length === 0 ? [] : dropSeen(events, await tenure.seen(buckets));
  if (fresh.length > 0 && progress.emitted === 0) await bus.assertExists(deadline);
  const delivery = await deliver(fresh, { bus, tenure, deadline });

  progress.dialect = page.dialect;
  progress.pages += 1;
  progress.fetched += page.records.length;
  progress.emitted += delivery.accepted.length;
  progress.duplicates += events.length - fresh.length;
  telemetry.count(connector.id, METRIC.emitted, delivery.accepted.length);
  telemetry.count(connector.id, METRIC.duplicates, events.length - fresh.length);
  const drifted = fresh.filter(({ detail }) => detail.stream === 'audit' && detail.schemaDrift.length > 0).length;
  if (drifted > 0) telemetry.count(connector.id, METRIC.schemaDrift, drifted);
  return delivery;
}

/**
 * The key that ids are made with: the first envelope's id, else the configured name, fixed once. A secret that was
 * replaced by another tailnet's must not write that tailnet's log under this one's name.
 */
async function confirmTailnet(tenure: Tenure, connector: ConnectorSettings, page: AuditLogPage): Promise<string> {
  const { tailnetKey, tailnetId } = tenure.genesis;
  if (tailnetId !== null && page.tailnet !== null && page.tailnet !== tailnetId) {
    throw new ConnectorError('TAILNET_CHANGED', `the credential now opens the tailnet "${page.tailnet}", but this connector follows "${tailnetId}"; put the right secret back, or give the new tailnet a connector of its own`);
  }
  if (tailnetKey !== null && (tailnetId !== null || page.tailnet === null)) return tailnetKey;
  const key = tailnetKey ?? page.tailnet ?? (connector.tailnet === '-' ? connector.id : connector.tailnet);
  await tenure.fixTailnet({ key, id: page.tailnet });
  return key;
}
