import type { DialectSetting } from '../contract/settings';
import { type Inflight, type Place, type InstallationRecord, type SweepTier, SWEEPS } from '../domain/checkpoint';
import type { Dialect } from '../domain/dialect';
import { MINUTE, DAY, type Window, type Millis, RETENTION_MS } from '../domain/time';
import type { AuditLogPage, PageEnd } from '../ports/audit-log';

/** The most one live window spans: an outage of weeks is caught up day by day, and the watermark moves with every day. */
export const MAX_WINDOW_MS = DAY;

/**
 * How far behind the server's clock a window closes. Records become visible a moment after they happen; closing at
 * "now" would leave those of the last seconds to the overlap alone.
 */
export const SETTLE_MS = MINUTE;

/** A window of which nothing has been read. */
export const begin = ({ from, until }: Window): Inflight => ({
  from,
  until,
  asOf: null,
  cursor: null,
  page: 0,
  restarts: 0,
});

/** Nothing is read before it. */
const floorOf = ({ watermark }: Place, { startFrom }: InstallationRecord): Millis => Math.min(startFrom, watermark);

/** The live window to read next: the one that has begun, else from the watermark less the overlap to now. */
export function planWindow(
  checkpoint: Place,
  installation: InstallationRecord,
  now: Millis,
  overlapMs: Millis,
): Inflight {
  if (checkpoint.inflight !== null) return checkpoint.inflight;
  const from = Math.max(floorOf(checkpoint, installation), checkpoint.watermark - overlapMs);
  return begin({ from, until: Math.max(from, Math.min(now, from + MAX_WINDOW_MS)) });
}

/** The tier to sweep now; null: none is due. A daily sweep covers the hourly one. */
export function dueSweep({ sweeps }: Place, now: Millis): SweepTier | null {
  const isDue = (tier: SweepTier) =>
    sweeps[tier].inflight !== null || now - sweeps[tier].doneFrom >= SWEEPS[tier].periodMs;
  if (isDue('daily')) return 'daily';
  return isDue('hourly') ? 'hourly' : null;
}

/**
 * What a sweep reads: from one horizon before the last completed sweep began, so that the horizon holds through an
 * outage, to where the overlap takes over. null: there is nothing in between.
 */
export function planSweep(
  checkpoint: Place,
  installation: InstallationRecord,
  tier: SweepTier,
  now: Millis,
  overlapMs: Millis,
): (Inflight & { readonly startedAt: Millis }) | null {
  const { doneFrom, inflight } = checkpoint.sweeps[tier];
  if (inflight !== null) return inflight;
  const from = Math.max(floorOf(checkpoint, installation), doneFrom - SWEEPS[tier].horizonMs, now - RETENTION_MS);
  const until = checkpoint.watermark - overlapMs;
  return from < until ? { ...begin({ from, until }), startedAt: now } : null;
}

/** The interval that is older than Tailscale keeps its log; null: none. */
export function retentionGap({ watermark }: Place, now: Millis): Window | null {
  const edge = now - RETENTION_MS;
  return watermark < edge ? { from: watermark, until: edge } : null;
}

/** What a page says of the log, once it was read to its end. */
export type PageRead = Pick<AuditLogPage, 'asOf' | 'dialect'> & PageEnd;

/** The live checkpoint after a page that was delivered whole: the next page; after the last page the watermark moves, and never back. */
export function afterPage(checkpoint: Place, window: Inflight, page: PageRead): Place {
  const asOf = window.asOf ?? page.asOf;
  if (page.cursor !== null) return { ...checkpoint, dialect: page.dialect, inflight: nextPage(window, page, asOf) };
  // The last page of a window was answered.
  if (asOf === null) return checkpoint;
  const closed = Math.min(page.until ?? asOf, asOf) - SETTLE_MS;
  return { ...checkpoint, dialect: page.dialect, inflight: null, watermark: Math.max(checkpoint.watermark, closed) };
}

/** The checkpoint after a page of a sweep, by the same rule. A sweep never touches the watermark. */
export function afterSweepPage(
  checkpoint: Place,
  tier: SweepTier,
  window: Inflight & { readonly startedAt: Millis },
  page: PageRead,
): Place {
  if (page.cursor === null) return sweepDone(checkpoint, tier, window.startedAt);
  const inflight = { ...nextPage(window, page, window.asOf ?? page.asOf), startedAt: window.startedAt };
  return { ...checkpoint, sweeps: { ...checkpoint.sweeps, [tier]: { ...checkpoint.sweeps[tier], inflight } } };
}

/** A sweep that began at this instant is complete. */
export function sweepDone(checkpoint: Place, tier: SweepTier, startedAt: Millis): Place {
  const done = { doneFrom: startedAt, inflight: null };
  return {
    ...checkpoint,
    sweeps: tier === 'daily' ? { hourly: done, daily: done } : { ...checkpoint.sweeps, hourly: done },
  };
}

/** A window after one more of its pages. */
export function nextPage<Begun extends Inflight>(window: Begun, { cursor }: PageEnd, asOf: Millis | null): Begun {
  return { ...window, asOf, cursor, page: window.page + 1 };
}

/** A window from its start again: the API refuses its cursor. Published ids absorb what is read twice. */
export function restart<Begun extends Inflight>(window: Begun): Begun {
  return { ...window, asOf: null, cursor: null, page: 0, restarts: window.restarts + 1 };
}

/** A dialect that is set wins over the one that answered before. Cursors of the other dialect are dropped. */
export function adoptDialect(checkpoint: Place, setting: DialectSetting): Place {
  if (setting === 'auto' || checkpoint.dialect === null || checkpoint.dialect === setting) return checkpoint;
  const { hourly, daily } = checkpoint.sweeps;
  const sweeps = { hourly: { ...hourly, inflight: null }, daily: { ...daily, inflight: null } };
  return { ...checkpoint, dialect: setting satisfies Dialect, inflight: null, sweeps };
}
