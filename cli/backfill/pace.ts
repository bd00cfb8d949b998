import type { BackfillPlan } from '../../lib/contract/backfill';
import type { Millis } from '../../lib/domain/time';
import type { SliceStatus } from '../../lib/operator/backfill-progress';

interface Position {
  /** 0 to 1 of the time range: the number of records in it is not known beforehand. */
  readonly fraction: number;
  readonly fetched: number;
  readonly emitted: number;
  /** Pages read of the current window. */
  readonly page: number;
}

export interface Progress extends Position {
  /** Records a second since the first look; null: not known yet. */
  readonly rate: number | null;
  /** Time left; null: not known yet. */
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

/** Computes a job's progress at each look; its speed from all looks since the first. */
export function createPace(): (
  plan: Pick<BackfillPlan, 'from' | 'until' | 'slices'>,
  standings: readonly SliceStatus[],
  now: Millis,
) => JobProgress {
  const first = new Map<number | 'all', { readonly at: Millis; readonly position: Position }>();
  const paced = (key: number | 'all', position: Position, now: Millis): Progress => {
    const since = first.get(key) ?? { at: now, position };
    first.set(key, since);
    const elapsed = now - since.at;
    const gained = position.fraction - since.position.fraction;
    const known = gained > 0 && elapsed > 0;
    const left = known ? Math.round(((1 - position.fraction) * elapsed) / gained) : null;
    return {
      ...position,
      rate: elapsed > 0 ? ((position.fetched - since.position.fetched) * 1_000) / elapsed : null,
      left: position.fraction >= 1 ? 0 : left,
    };
  };
  return (plan, standings, now) => {
    const begun = standings.flatMap(({ slice, readTo, fetched, emitted, page }) => {
      const planned = plan.slices.find((one) => one.slice === slice);
      if (planned === undefined) return [];
      const from = Date.parse(planned.from);
      const length = Date.parse(planned.until) - from;
      const fraction = Math.min(1, Math.max(0, (readTo - from) / length));
      return [{ slice, length, position: { fraction, fetched, emitted, page } }];
    });
    const sum = (of: (one: (typeof begun)[number]) => number) => begun.reduce((total, one) => total + of(one), 0);
    const whole = Date.parse(plan.until) - Date.parse(plan.from);
    const all = {
      fraction: Math.min(1, sum(({ position, length }) => position.fraction * length) / whole),
      fetched: sum(({ position }) => position.fetched),
      emitted: sum(({ position }) => position.emitted),
      page: sum(({ position }) => position.page),
    };
    return {
      all: paced('all', all, now),
      slices: begun.map(({ slice, position }) => ({ slice, ...paced(slice, position, now) })),
      slicesDone: begun.filter(({ position }) => position.fraction >= 1).length,
    };
  };
}
