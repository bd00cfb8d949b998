import type { AuditLogPage, Delivery, Inflight, Millis, Place, SweepTier } from './ports';
import { afterPage, afterSweepPage, restart } from './window';

/** A window that is read page by page, and what each page does to the place. */
export interface Walk<Window extends Inflight = Inflight> {
  readonly mode: 'live' | 'sweep';
  readonly window: Window;
  /** Records after it are left to the live window; null: all are taken. */
  readonly ignoreAfter: Millis | null;
  /** The place behind a page; the same object when it may not move. */
  behind(place: Place, window: Window, page: AuditLogPage, delivery: Delivery): Place;
  /** The place with the window begun anew. */
  restarted(place: Place, window: Window): Place;
  /** The window as the place has it; null: it is read to its end. */
  in(place: Place): Window | null;
}

export function liveWalk(window: Inflight): Walk {
  return {
    mode: 'live',
    window,
    ignoreAfter: null,
    behind: afterPage,
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
    ignoreAfter: window.until,
    behind: (place, current, page, delivery) => afterSweepPage(place, tier, current, page, delivery),
    restarted: (place, current) => ({ ...place, sweeps: { ...place.sweeps, [tier]: { ...place.sweeps[tier], inflight: restart(current) } } }),
    in: (place) => place.sweeps[tier].inflight,
  };
}
