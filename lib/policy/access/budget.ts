/** Steps of comparing access; a second or two on a slow function. Real changes take a few thousand, 47,000 rules that all differ 360,000. */
export const MAX_STEPS = 1_000_000;

/** Bounds work whose cost depends on what comes in. Counted, not timed: the same input always gives the same answer. */
export interface Budget {
  readonly spend: (steps: number) => void;
  readonly isSpent: () => boolean;
}

/** Spends the steps that something would take; false: it is too much, and must not be begun. */
export function canAfford(budget: Budget, steps: number): boolean {
  budget.spend(steps);
  return !budget.isSpent();
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
