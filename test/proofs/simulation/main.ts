import { parseArgs } from 'node:util';
import { FAULTS, type FaultName } from './faults';
import { INVARIANTS } from './judge';
import { DELAYS, KINDS } from './records';
import { simulate, type Outcome } from './simulate';

/** Lines of a trace that a failure prints. */
const LAST_LINES = 40;

/** From this many seeds on, every fault and every kind of record must have come up. */
const ENOUGH_SEEDS = 25;

/** Every so many seeds one is lived through twice. */
const TWICE_EVERY = 10;

const USAGE = `Lives through whole histories of a connector, each decided by its seed, and judges every effect.

  --seeds N   how many histories (25); from ${ENOUGH_SEEDS} on every fault must have come up
  --seed N    the first one (1); the same seed gives the same history
  --trace     prints what happens
  --bail      ends with the first history that breaks a promise
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    bail: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const print = (line: string) => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<boolean> {
  const startedAt = performance.now();
  const sum = { runs: 0, delivered: 0, quarantined: 0, lost: 0, duplicated: 0, unexpected: 0 };
  const faults = new Map<FaultName, number>(FAULTS.map((fault) => [fault, 0]));
  const kinds = new Set<string>();
  const failed: number[] = [];

  for (let seed = first; seed < first + count; seed += 1) {
    const outcome = await simulate(seed);
    for (const name of ['runs', 'delivered', 'quarantined', 'lost', 'duplicated'] as const) sum[name] += outcome[name];
    for (const [fault, times] of outcome.faults) faults.set(fault, (faults.get(fault) ?? 0) + times);
    for (const kind of outcome.kinds) kinds.add(kind);
    if (values.trace) outcome.trace.forEach(print);
    const { violation } = (seed - first) % TWICE_EVERY === 0 ? await again(outcome) : outcome;
    if (violation === undefined) continue;
    if (violation.invariant === 'I2') sum.unexpected += 1;
    failed.push(seed);
    if (failed.length === 1 && !values.trace) outcome.trace.slice(-LAST_LINES).forEach(print);
    print(`seed ${seed} violates ${violation.invariant} (${INVARIANTS[violation.invariant]}): ${violation.message}`);
    if (values.bail) break;
  }

  const seconds = (performance.now() - startedAt) / 1000;
  print(
    `${count} seeds from ${first} in ${seconds.toFixed(1)} s: ${sum.runs} runs, ${sum.delivered} events delivered, ${sum.quarantined} in quarantine, ${sum.lost} lost, ${sum.unexpected} unexpected, ${sum.duplicated} duplicated`,
  );
  print(`faults: ${[...faults].map(([fault, times]) => `${fault} ${times}`).join(' · ')}`);
  const idle = [
    ...FAULTS.filter((fault) => faults.get(fault) === 0),
    ...[...KINDS, ...DELAYS].filter((kind) => !kinds.has(kind)),
  ];
  if (count >= ENOUGH_SEEDS && failed.length === 0 && idle.length > 0) {
    print(`never came up: ${idle.join(' · ')}`);
    return false;
  }
  if (failed.length > 0)
    print(`failed: ${failed.join(' ')}; replay one with: npm run simulate -- --seeds 1 --trace --seed ${failed[0]}`);
  return failed.length === 0;
}

async function again(outcome: Outcome): Promise<Pick<Outcome, 'violation'>> {
  const second = await simulate(outcome.seed);
  if (second.hash === outcome.hash) return outcome;
  const line = outcome.trace.findIndex((text, at) => text !== second.trace[at]);
  return {
    violation: {
      invariant: 'I19',
      message: `the histories part at line ${line + 1}: ${outcome.trace[line]} / ${second.trace[line]}`,
    },
  };
}

if (values.help || !(first >= 0 && count >= 1)) {
  print(USAGE);
  process.exitCode = values.help ? 0 : 1;
} else {
  void main().then((isWell) => {
    process.exitCode = isWell ? 0 : 1;
  });
}
