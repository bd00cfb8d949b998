/** Hostile input of one kind, of any size. */
export interface Family<Input> {
  readonly name: string;
  /** @param size Characters, about. */
  readonly make: (size: number) => Input;
}

export interface Growth {
  readonly family: string;
  /** Milliseconds of CPU for each size, the least of its runs. */
  readonly times: readonly number[];
  /** The largest factor per doubling, over two doublings: one alone says more of the garbage collector than of the work. */
  readonly worst: number;
}

/** Factor from one size to twice the size: linear work, with a margin for memory. */
export const MOST_GROWTH = 2.6;

/** Milliseconds. What takes less counts as this: it is garbage collection or none. */
const LEAST_TIME = 12;
/** Milliseconds. A family that takes this long for one size is stopped, as growing without bound. */
const MOST_TIME = 60_000;
/** What seems to grow too fast is measured again: only what does so each time does so. */
const ROUNDS = 4;

/** @param sizes Characters, each twice the one before; three or more. */
export function growthOf<Input>(
  { name, make }: Family<Input>,
  work: (input: Input) => unknown,
  sizes: readonly number[],
): Growth {
  const least = sizes.map(() => Infinity);
  // The first run is slow for want of compiled code, which would make the growth look small.
  work(make(sizes[0] ?? 0));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [at, size] of sizes.entries()) {
      const time = cpuOf(work, make(size));
      least[at] = Math.min(least[at] ?? Infinity, time);
      if (time > MOST_TIME) return { family: name, times: least.slice(0, at + 1), worst: Infinity };
    }
    if (worstOf(least) <= MOST_GROWTH) break;
  }
  return { family: name, times: least, worst: worstOf(least) };
}

function worstOf(times: readonly number[]): number {
  return Math.max(
    0,
    ...times.slice(2).map((time, at) => Math.sqrt(time / Math.max(LEAST_TIME, times[at] ?? LEAST_TIME))),
  );
}

function cpuOf<Input>(work: (input: Input) => unknown, input: Input): number {
  const start = process.cpuUsage();
  work(input);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Sizes in characters, each twice the one before. */
export function doublings(from: number, to: number): readonly number[] {
  return from > to ? [] : [from, ...doublings(from * 2, to)];
}
