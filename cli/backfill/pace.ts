import type { Millis } from '../../lib/domain/time';
import type { SliceStanding } from '../../lib/operator/backfill-progress';
import { millisOf, type Plan } from './answers';

/** How far something is, and how fast. */
export interface Progress {
  /** 0 to 1, of its time: how many records are in it nobody knows before they are read. */
  readonly fraction: number;
  readonly fetched: number;
  readonly emitted: number;
  /** Pages read of what is being read now. */
  readonly page: number;
  /** Records a second since it was first looked at; null: not known yet. */
  readonly rate: number | null;
  /** null: not known yet. */
  readonly left: Millis | null;
}

export interface SliceProgress extends Progress {
  readonly slice: number;
}

export interface JobProgress {
  readonly all: Progress;
  /** The slices that have begun. */
  readonly slices: readonly SliceProgress[];
  readonly slicesDone: number;
}

type Place = Pick<Progress, 'fraction' | 'fetched' | 'emitted' | 'page'>;

/** Says how far a job is each time that it is looked at, and from the looks before, how fast. */
export function createPace(): (plan: Plan, standings: readonly SliceStanding[], now: Millis) => JobProgress {
  const first = new Map<number | 'all', { readonly at: Millis; readonly checkpoint: Place }>();
  const paced = (key: number | 'all', checkpoint: Place, now: Millis): Progress => {
    const since = first.get(key) ?? { at: now, checkpoint };
    first.set(key, since);
    const elapsed = now - since.at;
    const gained = checkpoint.fraction - since.checkpoint.fraction;
    return {
      ...checkpoint,
      rate: elapsed > 0 ? ((checkpoint.fetched - since.checkpoint.fetched) * 1_000) / elapsed : null,
      left:
        checkpoint.fraction >= 1
          ? 0
          : gained > 0 && elapsed > 0
            ? Math.round(((1 - checkpoint.fraction) * elapsed) / gained)
            : null,
    };
  };
  return (plan, standings, now) => {
    const places = standings.flatMap((standing) => {
      const slice = plan.slices.find((one) => one.slice === standing.slice);
      if (slice === undefined) return [];
      const from = millisOf(slice.from);
      const length = millisOf(slice.until) - from;
      const fraction = Math.min(1, Math.max(0, (standing.readTo - from) / length));
      return [
        {
          slice: slice.slice,
          length,
          fraction,
          fetched: standing.fetched,
          emitted: standing.emitted,
          page: standing.page,
        },
      ];
    });
    const whole = millisOf(plan.until) - millisOf(plan.from);
    const sum = (of: (checkpoint: (typeof places)[number]) => number) =>
      places.reduce((total, checkpoint) => total + of(checkpoint), 0);
    const all = {
      fraction: Math.min(1, sum(({ fraction, length }) => fraction * length) / whole),
      fetched: sum(({ fetched }) => fetched),
      emitted: sum(({ emitted }) => emitted),
      page: sum(({ page }) => page),
    };
    return {
      all: paced('all', all, now),
      slices: places.map(({ slice, fraction, fetched, emitted, page }) => ({
        slice,
        ...paced(slice, { fraction, fetched, emitted, page }, now),
      })),
      slicesDone: places.filter(({ fraction }) => fraction >= 1).length,
    };
  };
}
