import type { Dialect } from '../../lib/connector/ports';
import type { Fault } from './faults';
import { createRun } from './run';
import type { SandboxPool } from './sandbox-pool';
import { openStage, type Arrival } from './stage';
import { BETWEEN_TICKS_MS, firstChapter, secondChapter } from './story';
import { judge, type Verdict } from './verdict';

export interface Play {
  readonly dialect: Dialect;
  readonly pool: SandboxPool;
  /** Hits the request of this number. Without it nothing goes wrong. */
  readonly fault?: { readonly is: Fault; readonly at: number };
}

export interface Played extends Verdict {
  readonly arrivals: readonly Arrival[];
  /** The request that was hit; undefined: the run had fewer. */
  readonly hit: Arrival | undefined;
}

/** Plays the story through: two ticks with hours in between, and whatever invocations the fault makes necessary. */
export async function play({ dialect, pool, fault }: Play): Promise<Played> {
  const stage = await openStage({
    dialect,
    decide: ({ number }) => (number === fault?.at ? fault.is.strike(run) : 'passes'),
  });
  const run = createRun(stage, pool);
  try {
    const first = stage.now();
    stage.world.api.add(firstChapter(first));
    await (fault?.is.inTwo === true ? run.tickInTwo() : run.tick());
    stage.advance(BETWEEN_TICKS_MS);
    stage.world.api.add(secondChapter(first, stage.now()));
    await run.tick();

    const hit = fault === undefined ? undefined : stage.arrivals[fault.at - 1];
    const verdict = await judge(stage, hit === undefined ? 0 : 1);
    const failed = fault?.is.mayFail === true ? [] : run.failures.map((failure) => `an invocation failed: ${failure}`);
    return { ...verdict, problems: [...verdict.problems, ...run.problems, ...failed], arrivals: stage.arrivals, hit };
  } finally {
    run.end();
    await stage.close();
  }
}
