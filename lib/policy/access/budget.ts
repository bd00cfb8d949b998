/** Maximum steps of comparing access: a second or two on a slow function. Real changes take a few thousand; 47,000 rules that all differ take 360,000. */
const MAX_STEPS = 1_000_000;

/** Bounds work whose cost depends on the input. Counted, not timed, so that the same input always gives the same result. */
export interface Budget {
  readonly spend: (steps: number) => void;
  readonly isSpent: () => boolean;
}

/** Spends the steps of some work. false: the budget is spent, do not begin the work. */
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
