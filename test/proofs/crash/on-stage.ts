import { createRun, type Run } from './run';
import type { SandboxPool } from './sandbox-pool';
import { openStage, type Arrival, type Fate, type Stage, type StageOptions } from './stage';
import { judge, type Verdict } from './verdict';

export interface Scene extends Omit<StageOptions, 'decide'> {
  readonly pool: SandboxPool;
  /** Decides over every request as it arrives. By default all pass. */
  readonly decide?: (arrival: Arrival, run: Run) => Promise<Fate> | Fate;
  /** What happens, from beginning to end. */
  readonly script: (run: Run, stage: Stage) => Promise<void>;
  /** How many faults there were, once it is over. */
  readonly faults?: (stage: Stage) => number;
}

export interface Played extends Verdict {
  readonly arrivals: readonly Arrival[];
  /** How invocations failed; those of killed sandboxes are none. */
  readonly failures: readonly string[];
}

/** Lives through a scene in a world of its own, and judges what is left of it. */
export async function onStage({
  pool,
  decide = () => 'passes',
  script,
  faults = () => 0,
  ...options
}: Scene): Promise<Played> {
  const stage = await openStage({ ...options, decide: (arrival) => decide(arrival, run) });
  const run = createRun(stage, pool);
  try {
    await script(run, stage);
    const verdict = await judge(stage, faults(stage));
    return {
      ...verdict,
      problems: [...verdict.problems, ...run.problems],
      arrivals: stage.arrivals,
      failures: run.failures,
    };
  } finally {
    await run.end();
    await stage.close();
  }
}
