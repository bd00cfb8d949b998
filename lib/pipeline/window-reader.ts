import type { IdentifiedRecord } from '../events/identity/identify';
import type { Inflight, Place, SweepTier } from '../domain/checkpoint';
import type { Millis } from '../domain/time';
import type { Tally } from './tally';
import { afterPage, afterSweepPage, restart, type PageRead } from './plan';

/** A window that is read page by page, and what each page does to the place. */
export interface WindowReader<Window extends Inflight = Inflight, At = Place> {
  readonly mode: 'live' | 'sweep' | 'backfill';
  readonly window: Window;
  /** Whether a record is this window's; others are left to whoever reads their time. */
  selects(record: IdentifiedRecord): boolean;
  /** The place after a page that was delivered whole. */
  next(checkpoint: At, window: Window, page: PageRead, tally: Tally): At;
  /** The place where the run stops in the middle of a page. */
  stopped(checkpoint: At, tally: Tally): At;
  /** The place with the window read again from its start. */
  restarted(checkpoint: At, window: Window): At;
  /** The window as the place has it; null: it is read to its end. */
  current(checkpoint: At): Window | null;
}

export function liveReader(window: Inflight): WindowReader {
  return {
    mode: 'live',
    window,
    selects: () => true,
    next: afterPage,
    stopped: (checkpoint) => checkpoint,
    restarted: (checkpoint, current) => ({ ...checkpoint, inflight: restart(current) }),
    current: (checkpoint) => checkpoint.inflight,
  };
}

export type SweepWindow = Inflight & { readonly startedAt: Millis };

/** A sweep has a place of its own. The audit dialect cannot end a window, so what is newer comes too and is ignored. */
export function sweepReader(tier: SweepTier, window: SweepWindow): WindowReader<SweepWindow> {
  return {
    mode: 'sweep',
    window,
    selects: ({ millis, marks }) => marks.audit.bucket === 'none' || millis === null || millis <= window.until,
    next: (checkpoint, current, page) => afterSweepPage(checkpoint, tier, current, page),
    stopped: (checkpoint) => checkpoint,
    restarted: (checkpoint, current) => ({
      ...checkpoint,
      sweeps: { ...checkpoint.sweeps, [tier]: { ...checkpoint.sweeps[tier], inflight: restart(current) } },
    }),
    current: (checkpoint) => checkpoint.sweeps[tier].inflight,
  };
}
