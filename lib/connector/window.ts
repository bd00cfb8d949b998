import type { AuditLogPage, Delivery, Dialect, Genesis, Inflight, Millis, Place } from './ports';
import type { DialectSetting } from '../contract/settings';

const MINUTE = 60_000;

/** The most one window spans: an outage of weeks is caught up day by day, and the watermark moves with every day. */
export const MAX_WINDOW_MS = 24 * 60 * MINUTE;

/**
 * How far behind the server's clock a window closes. Records become visible a moment after they happen; closing at
 * "now" would leave those of the last seconds to the overlap alone.
 */
export const SETTLE_MS = MINUTE;

/** The window to read next: the one that was begun, else from the watermark less the overlap to now. */
export function planWindow(place: Place, genesis: Genesis, now: Millis, overlapMs: Millis): Inflight {
  if (place.inflight !== null) return place.inflight;
  const floor = place.idFloor === null ? genesis.startFrom : Math.max(genesis.startFrom, place.idFloor - overlapMs);
  const from = Math.max(floor, place.watermark - overlapMs);
  const until = Math.max(from, Math.min(now, from + MAX_WINDOW_MS));
  return { from, until, asOf: null, cursor: null, page: 0, restarts: 0 };
}

/**
 * The place behind a page. It owns the invariant: with anything unsent or refused the place stays; else it moves to
 * the next page; on the last page the watermark moves, and never back.
 */
export function afterPage(place: Place, window: Inflight, page: AuditLogPage, delivery: Delivery): Place {
  if (delivery.unsent.length > 0 || delivery.refused.length > 0) return place;
  const asOf = window.asOf ?? page.asOf;
  if (page.cursor !== null) {
    return { ...place, dialect: page.dialect, inflight: { ...window, asOf, cursor: page.cursor, page: window.page + 1 } };
  }
  const closed = Math.min(page.until ?? asOf, asOf) - SETTLE_MS;
  return { ...place, dialect: page.dialect, inflight: null, watermark: Math.max(place.watermark, closed) };
}

/** The window from its start again: the API no longer takes its cursor. What was seen absorbs what comes twice. */
export function restartWindow(place: Place, window: Inflight): Place {
  return { ...place, inflight: { ...window, asOf: null, cursor: null, page: 0, restarts: window.restarts + 1 } };
}

/**
 * A dialect set by hand wins over the one that answered before. The two dialects give the same record different ids, so
 * the overlap must not reach below the switch by more than once.
 */
export function adoptDialect(place: Place, setting: DialectSetting): Place {
  if (setting === 'auto' || place.dialect === null || place.dialect === setting) return place;
  return { ...place, dialect: setting satisfies Dialect, inflight: null, idFloor: place.watermark };
}
