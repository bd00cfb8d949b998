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

/** Milliseconds. What takes less counts as this: it says nothing. */
const LEAST_TIME = 20;
/** Milliseconds. A family that takes this long for one size is stopped, as growing without bound. */
const MOST_TIME = 20_000;
const RUNS = 4;

/** @param sizes Characters, each twice the one before; three or more. */
export function growthOf<Input>({ name, make }: Family<Input>, work: (input: Input) => unknown, sizes: readonly number[]): Growth {
  const times: number[] = [];
  let worst = 0;
  for (const size of sizes) {
    const input = make(size);
    const limit = MOST_GROWTH * Math.max(LEAST_TIME, times.at(-1) ?? Infinity);
    let time = cpuOf(work, input);
    // A slow run may be the machine's; only one that stays slow counts.
    for (let run = 1; run < RUNS && time > limit * 0.85 && time < MOST_TIME; run += 1) time = Math.min(time, cpuOf(work, input));
    times.push(time);
    if (time > MOST_TIME) return { family: name, times, worst: Infinity };
    const before = times.at(-3);
    if (before !== undefined) worst = Math.max(worst, Math.sqrt(time / Math.max(LEAST_TIME, before)));
  }
  return { family: name, times, worst };
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
