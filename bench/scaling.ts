import Table from 'cli-table3';
import { doublings, MOST_GROWTH } from '../test/proofs/scaling/growth';
import { STAGES, type Stage } from '../test/proofs/scaling/stages';

const MB = 1024 * 1024;
/** Families of each stage that are shown: those that take longest. */
const SHOWN = 5;

/** What is compared within a budget takes some seconds at any size. */
const SWEEPS: readonly (readonly [Stage, readonly number[]])[] = [
  [STAGES.redaction, doublings(MB, 4 * MB)],
  [STAGES.record, doublings(MB, 4 * MB)],
  [STAGES.longPolicy, doublings(MB, 4 * MB)],
  [STAGES.manyPolicy, doublings(MB / 4, MB)],
];

/** How the time of each stage grows with hostile input; its slowest families, and each that grows faster than its input. */
export function scalingTable(): string {
  const table = new Table({
    head: ['stage', 'hostile input', 'CPU (ms)', 'ms per MB', 'growth per doubling'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right'],
  });
  for (const [stage, sizes] of SWEEPS) {
    const largest = (sizes.at(-1) ?? MB) / MB;
    const grown = stage.families
      .map((family) => stage.grow(family, sizes))
      .sort((a, b) => (b.times.at(-1) ?? 0) - (a.times.at(-1) ?? 0));
    for (const { family, times, worst } of grown.filter(
      ({ worst: growth }, at) => at < SHOWN || growth > MOST_GROWTH,
    )) {
      table.push([
        `${stage.name}, ${sizes.length} sizes to ${largest} MB`,
        family,
        times.map((time) => time.toFixed(0)).join(' '),
        ((times.at(-1) ?? NaN) / largest).toFixed(0),
        `${worst.toFixed(1)}${worst > MOST_GROWTH ? ' !' : ''}`,
      ]);
    }
  }
  return table.toString();
}
