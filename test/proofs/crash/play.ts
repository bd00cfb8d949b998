import type { Dialect } from '../../../lib/domain/dialect';
import type { Fault } from './faults';
import { runTrial, type Played as PlayedScenario } from './run-trial';
import type { SandboxPool } from './sandbox-pool';
import type { Arrival } from './trial';
import { BETWEEN_TICKS_MS, recordsBeforeFirstTick, recordsBeforeSecondTick } from './records';

export interface Play {
  readonly dialect: Dialect;
  readonly pool: SandboxPool;
  /** Hits the request of this number. Without it nothing goes wrong. */
  readonly fault?: { readonly is: Fault; readonly at: number };
}

export interface Played extends PlayedScenario {
  /** The request that was hit; undefined: the run had fewer. */
  readonly hit: Arrival | undefined;
}

/** Runs both ticks: two ticks with hours in between, and whatever invocations the fault makes necessary. */
export async function play({ dialect, pool, fault }: Play): Promise<Played> {
  const played = await runTrial({
    dialect,
    pool,
    decide: ({ number }, run) => (number === fault?.at ? fault.is.strike(run) : 'passes'),
    faults: ({ arrivals }) => (fault === undefined || arrivals.length < fault.at ? 0 : 1),
    async script(run, trial) {
      const first = trial.now();
      trial.setup.api.add(recordsBeforeFirstTick(first));
      await (fault?.is.inTwo === true ? run.tickInTwo() : run.tick());
      trial.advance(BETWEEN_TICKS_MS);
      trial.setup.api.add(recordsBeforeSecondTick(first, trial.now()));
      await run.tick();
    },
  });
  const failed = fault?.is.mayFail === true ? [] : played.failures.map((failure) => `an invocation failed: ${failure}`);
  return {
    ...played,
    problems: [...played.problems, ...failed],
    hit: fault === undefined ? undefined : played.arrivals[fault.at - 1],
  };
}
