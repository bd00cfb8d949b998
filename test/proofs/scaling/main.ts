import { endProcess } from '../../harness/end-process';
import { doublings, MOST_GROWTH } from './growth';
import { STAGES } from './stages';

const KIB = 1024;

/** Milliseconds of CPU. */
const MOST_BUDGETED_MS = 10_000;

/**
 * Doubles every family of hostile text from 64 KiB up.
 *
 * `--to <KiB>`: the largest size, 4096 by default. `--every <n>`: each n-th family only, 1 by default.
 */
async function main(): Promise<number> {
  await Promise.resolve();
  const [to, every] = [option('--to', 4096), option('--every', 1)];
  const sizes = doublings(64 * KIB, to * KIB);
  let [families, slow, worst] = [0, 0, 0];
  for (const { name, families: all, isBudgeted, grow } of Object.values(STAGES)) {
    for (const family of all.filter((_, at) => at % every === 0)) {
      const growth = grow(family, sizes);
      families += 1;
      // Rules are compared with rules within a budget of steps: quadratic, but a few seconds at any size.
      if (isBudgeted && Math.max(...growth.times) <= MOST_BUDGETED_MS) continue;
      worst = Math.max(worst, growth.worst);
      if (growth.worst <= MOST_GROWTH) continue;
      slow += 1;
      console.log(
        `${name}: ${family}: ${growth.times.map((ms) => ms.toFixed(0)).join(', ')} ms of CPU, ${growth.worst.toFixed(2)} times as long for twice as much`,
      );
    }
  }
  console.log(
    `${families} families of hostile text, 64 to ${to} KiB: at most ${worst.toFixed(2)} times as long for twice as much; ${slow} over ${MOST_GROWTH}`,
  );
  return slow === 0 ? 0 : 1;
}

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  const value = at === -1 ? otherwise : Number(process.argv[at + 1]);
  if (!(value >= 1)) throw new RangeError(`${name} must be a number of at least 1`);
  return value;
}

endProcess(main());
