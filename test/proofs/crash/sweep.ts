import pMap from 'p-map';
import type { Dialect } from '../../../lib/domain/dialect';
import type { Fault } from './faults';
import { play, type Played } from './play';
import type { SandboxPool } from './sandbox-pool';

/** One play of a sweep. */
export interface Case {
  readonly dialect: Dialect;
  readonly fault: Fault;
  readonly at: number;
}

export type Result = Played & Case;

export interface SweepOptions {
  readonly pool: SandboxPool;
  readonly dialects: readonly Dialect[];
  readonly faults: readonly Fault[];
  /** Hits every n-th request. */
  readonly every: number;
  /** The first request that is hit. */
  readonly from?: number;
  /** Plays at once. */
  readonly jobs: number;
  readonly onResult?: (result: Result) => void;
}

export interface Sweep {
  /** The ticks without a fault, by which the requests are known. */
  readonly undisturbed: readonly (Played & { readonly dialect: Dialect })[];
  readonly results: readonly Result[];
}

/** Runs the two ticks once for every request and every fault, the fault hitting that request. */
export async function sweep({ pool, dialects, faults, every, from = 1, jobs, onResult }: SweepOptions): Promise<Sweep> {
  const undisturbed = await pMap(dialects, async (dialect) => ({ ...(await play({ dialect, pool })), dialect }), {
    concurrency: 1,
  });
  const cases = undisturbed.flatMap(({ dialect, arrivals }) =>
    faults.flatMap((fault) =>
      arrivals
        .filter(({ number }) => number >= from && (number - from) % (every * fault.everyNth) === 0)
        .map(({ number }): Case => ({ dialect, fault, at: number })),
    ),
  );
  const results = await pMap(
    cases,
    async (one) => {
      const result = { ...(await play({ dialect: one.dialect, pool, fault: { is: one.fault, at: one.at } })), ...one };
      onResult?.(result);
      return result;
    },
    { concurrency: jobs },
  );
  return { undisturbed, results };
}
