import type { Dialect } from '../../../lib/domain/dialect';
import type { Fault } from './faults';
import { onStage, type Played as PlayedScene } from './on-stage';
import type { SandboxPool } from './sandbox-pool';
import type { Arrival } from './stage';
import { BETWEEN_TICKS_MS, firstChapter, secondChapter } from './story';

export interface Play {
  readonly dialect: Dialect;
  readonly pool: SandboxPool;
  /** Hits the request of this number. Without it nothing goes wrong. */
  readonly fault?: { readonly is: Fault; readonly at: number };
}

export interface Played extends PlayedScene {
  /** The request that was hit; undefined: the run had fewer. */
  readonly hit: Arrival | undefined;
}

/** Plays the story through: two ticks with hours in between, and whatever invocations the fault makes necessary. */
export async function play({ dialect, pool, fault }: Play): Promise<Played> {
  const played = await onStage({
    dialect,
    pool,
    decide: ({ number }, run) => (number === fault?.at ? fault.is.strike(run) : 'passes'),
    faults: ({ arrivals }) => (fault === undefined || arrivals.length < fault.at ? 0 : 1),
    async script(run, stage) {
      const first = stage.now();
      stage.world.api.add(firstChapter(first));
      await (fault?.is.inTwo === true ? run.tickInTwo() : run.tick());
      stage.advance(BETWEEN_TICKS_MS);
      stage.world.api.add(secondChapter(first, stage.now()));
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
