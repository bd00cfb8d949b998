import type { Inflight, Place, SweepTier } from '../domain/checkpoint';
import type { Millis } from '../domain/time';
import { afterPage, afterSweepPage, restart } from '../pipeline/plan';
import type { WindowReader } from '../pipeline/window-reader';

type PageRead = WindowReader<never, never>['pageRead'];

export function liveReader(window: Inflight, pageRead: PageRead): WindowReader<Inflight, Place> {
  return {
    mode: 'live',
    window,
    selects: () => true,
    pageRead,
    after(checkpoint, current, step) {
      const next =
        step.kind === 'page'
          ? afterPage(checkpoint, current, step.page)
          : step.kind === 'restarted'
            ? { ...checkpoint, inflight: restart(current) }
            : checkpoint;
      return { checkpoint: next, window: next.inflight };
    },
  };
}

export type SweepWindow = Inflight & { readonly startedAt: Millis };

/** A sweep has its own part of the checkpoint. The audit dialect cannot end a window, so newer records come too and are left out. */
export function sweepReader(
  tier: SweepTier,
  window: SweepWindow,
  pageRead: PageRead,
): WindowReader<SweepWindow, Place> {
  return {
    mode: 'sweep',
    window,
    selects: ({ millis, forms: [audit] }) =>
      audit?.publishedId.bucket === 'none' || millis === null || millis <= window.until,
    pageRead,
    after(checkpoint, current, step) {
      const { sweeps } = checkpoint;
      const next =
        step.kind === 'page'
          ? afterSweepPage(checkpoint, tier, current, step.page)
          : step.kind === 'restarted'
            ? { ...checkpoint, sweeps: { ...sweeps, [tier]: { ...sweeps[tier], inflight: restart(current) } } }
            : checkpoint;
      return { checkpoint: next, window: next.sweeps[tier].inflight };
    },
  };
}
