/** Steps of comparing access; some seconds on a slow function. Real changes take a few thousand. */
export const MAX_STEPS = 2_000_000;

/** Bounds work whose cost depends on what comes in. Counted, not timed: the same input always gives the same answer. */
export interface Budget {
  readonly spend: (steps: number) => void;
  readonly isSpent: () => boolean;
}

export function createBudget(steps = MAX_STEPS): Budget {
  let left = steps;
  return {
    spend: (used) => {
      left -= used;
    },
    isSpent: () => left <= 0,
  };
}
