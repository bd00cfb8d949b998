import type { IdentifiedRecord } from '../events/identify';
import type { Inflight, Millis, Place, SweepTier } from './ports';
import type { Tally } from './tally';
import { afterPage, afterSweepPage, restart, type ReadPage } from './window';

/** A window that is read page by page, and what each page does to the place. */
export interface Walk<Window extends Inflight = Inflight, At = Place> {
  readonly mode: 'live' | 'sweep' | 'backfill';
  readonly window: Window;
  /** Whether a record is this window's; others are left to whoever reads their time. */
  selects(record: IdentifiedRecord): boolean;
  /** The place after a page that was delivered whole. */
  next(place: At, window: Window, page: ReadPage, tally: Tally): At;
  /** The place where the run stops in the middle of a page. */
  stopped(place: At, tally: Tally): At;
  /** The place with the window read again from its start. */
  restarted(place: At, window: Window): At;
  /** The window as the place has it; null: it is read to its end. */
  current(place: At): Window | null;
}

export function liveWalk(window: Inflight): Walk {
  return {
    mode: 'live',
    window,
    selects: () => true,
    next: afterPage,
    stopped: (place) => place,
    restarted: (place, current) => ({ ...place, inflight: restart(current) }),
    current: (place) => place.inflight,
  };
}

export type SweepWindow = Inflight & { readonly startedAt: Millis };

/** A sweep has a place of its own. The audit dialect cannot end a window, so what is newer comes too and is ignored. */
export function sweepWalk(tier: SweepTier, window: SweepWindow): Walk<SweepWindow> {
  return {
    mode: 'sweep',
    window,
    selects: ({ millis, marks }) => marks.audit.bucket === 'none' || millis === null || millis <= window.until,
    next: (place, current, page) => afterSweepPage(place, tier, current, page),
    stopped: (place) => place,
    restarted: (place, current) => ({
      ...place,
      sweeps: { ...place.sweeps, [tier]: { ...place.sweeps[tier], inflight: restart(current) } },
    }),
    current: (place) => place.sweeps[tier].inflight,
  };
}
