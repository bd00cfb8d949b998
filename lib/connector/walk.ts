import type { NormalizedEvent } from '../events/normalize';
import type { AuditLogPage, Delivery, Inflight, Millis, Place, SweepTier } from './ports';
import { afterPage, afterSweepPage, restart } from './window';

/** What became of a page. */
export interface PublishedPage extends Delivery<NormalizedEvent> {
  /** Events left out because they were published before. */
  readonly duplicates: number;
  /** Events left out because the walk does not want them, although they are not known to be published. */
  readonly covered: number;
  /** Events that were put aside. */
  readonly quarantined: number;
}

/** A window that is read page by page, and what each page does to the place. */
export interface Walk<Window extends Inflight = Inflight, At = Place> {
  readonly mode: 'live' | 'sweep' | 'backfill';
  readonly window: Window;
  /** Whether an event is this walk's; others are left to whoever reads their time. */
  takes(event: NormalizedEvent): boolean;
  /** Whether an event that is new to what was published shall stay out all the same. */
  covers(event: NormalizedEvent): boolean;
  /** The place behind a page; the same object when it may not move. */
  behind(place: At, window: Window, page: AuditLogPage, published: PublishedPage): At;
  /** The place where the run stops because a page did not go out whole. */
  stopped(place: At, published: PublishedPage): At;
  /** The place with the window begun anew. */
  restarted(place: At, window: Window): At;
  /** The window as the place has it; null: it is read to its end. */
  in(place: At): Window | null;
}

export function liveWalk(window: Inflight): Walk {
  return {
    mode: 'live',
    window,
    takes: () => true,
    covers: () => false,
    behind: afterPage,
    stopped: (place) => place,
    restarted: (place, current) => ({ ...place, inflight: restart(current) }),
    in: (place) => place.inflight,
  };
}

export type SweepWindow = Inflight & { readonly startedAt: Millis };

/** A sweep has a place of its own. The audit dialect cannot end a window, so what is newer comes too and is ignored. */
export function sweepWalk(tier: SweepTier, window: SweepWindow): Walk<SweepWindow> {
  return {
    mode: 'sweep',
    window,
    // An event without a usable time has that of its receipt, which is after anything: it is taken wherever it shows up.
    takes: ({ time, seen }) => seen.bucket === 'none' || time <= window.until,
    covers: () => false,
    behind: (place, current, page, published) => afterSweepPage(place, tier, current, page, published),
    stopped: (place) => place,
    restarted: (place, current) => ({ ...place, sweeps: { ...place.sweeps, [tier]: { ...place.sweeps[tier], inflight: restart(current) } } }),
    in: (place) => place.sweeps[tier].inflight,
  };
}
