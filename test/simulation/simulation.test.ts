import { FAULTS } from './faults';
import { INVARIANTS } from './judge';
import { simulate, type Outcome } from './simulate';

const SEEDS = 25;

/** Seeds that once found a mistake, of the connector or of its judge. */
const REGRESSIONS: readonly number[] = [36, 191, 558, 663, 813, 2439, 2739, 2860];

/** What a failure has to say: the invariant, and how it came to that. */
function story({ seed, violation, trace }: Outcome): string {
  if (violation === undefined) return '';
  return `seed ${seed} violates ${violation.invariant} (${INVARIANTS[violation.invariant]}): ${violation.message}\n${trace.slice(-40).join('\n')}`;
}

it('keeps its promises through the faults of 25 seeds, and each kind of fault is among them [case 1] [case 4] [case 6] [case 7] [case 8] [case 13] [case 16] [case 17] [case 18]', async () => {
  const idle = new Set<string>(FAULTS);
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const outcome = await simulate(seed);
    expect(story(outcome)).toBe('');
    for (const fault of outcome.faults.keys()) idle.delete(fault);
  }
  expect([...idle]).toEqual([]);
});

it.each(REGRESSIONS.map((seed) => [seed]))('keeps them through seed %i', async (seed) => {
  expect(story(await simulate(seed))).toBe('');
});

it('lives through the same history again when the seed is the same', async () => {
  const [first, second, other] = [await simulate(7), await simulate(7), await simulate(8)];
  expect(second.hash).toBe(first.hash);
  expect(other.hash).not.toBe(first.hash);
});
