import { createRun, type Run } from './run';
import type { SandboxPool } from './sandbox-pool';
import { openTrial, type Arrival, type Fate, type Trial, type TrialOptions } from './trial';
import { judge, type Verdict } from './verdict';

export interface Scenario extends Omit<TrialOptions, 'decide'> {
  readonly pool: SandboxPool;
  /** Decides over every request as it arrives. By default all pass. */
  readonly decide?: (arrival: Arrival, run: Run) => Promise<Fate> | Fate;
  /** What happens, from beginning to end. */
  readonly script: (run: Run, trial: Trial) => Promise<void>;
  /** How many faults there were, after the end. */
  readonly faults?: (trial: Trial) => number;
}

export interface Played extends Verdict {
  readonly arrivals: readonly Arrival[];
  /** How invocations failed; without those of killed sandboxes. */
  readonly failures: readonly string[];
}

/** Runs a scenario in its own test environment, and judges the result. */
export async function runTrial({
  pool,
  decide = () => 'passes',
  script,
  faults = () => 0,
  ...options
}: Scenario): Promise<Played> {
  const trial = await openTrial({ ...options, decide: (arrival) => decide(arrival, run) });
  const run = createRun(trial, pool);
  try {
    await script(run, trial);
    const verdict = await judge(trial, faults(trial));
    return {
      ...verdict,
      problems: [...verdict.problems, ...run.problems],
      arrivals: trial.arrivals,
      failures: run.failures,
    };
  } finally {
    await run.end();
    await trial.close();
  }
}
