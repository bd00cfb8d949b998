import { doublings, growthOf, MOST_GROWTH } from './growth';
import { STAGES, type Stage } from './stages';

const KB = 1024;

/** Each so many-th family; `npm run test:scaling` tries all of them, up to 4 MB. */
const SAMPLE = 5;

/** What is compared within a budget takes as long for a small policy as for a large one, so that all of it is left to `npm run bench`. */
const QUICK = [
  'one rule of many ports',
  'groups',
  'members of one group',
  'hosts',
  'tag owners',
  'owners of one tag',
  'conditions of one posture',
  'values of one condition',
  'connectors of one attribute',
  'members of one value of a capability',
  'one test of many',
  'DNS records',
  'keys of an unknown section',
];

/** Quadratic work grows four times per doubling. Speed itself is measured by `npm run bench`, which goes up to 4 MB. */
function expectLinear(stage: Stage, families: readonly string[], sizes: readonly number[]): void {
  const grown = families.filter((_, at) => at % SAMPLE === 0).map((family) => stage.grow(family, sizes));
  expect(grown.filter(({ worst }) => worst > MOST_GROWTH)).toEqual([]);
}

describe('work grows with the size of the input and no faster', () => {
  it('redaction of a text', () => {
    expectLinear(STAGES.redaction, STAGES.redaction.families, doublings(64 * KB, 256 * KB));
  }, 120_000);

  it('a record, from redaction to the events', () => {
    expectLinear(STAGES.record, STAGES.record.families, doublings(64 * KB, 256 * KB));
  }, 120_000);

  it('policy diff of one long thing', () => {
    expectLinear(STAGES.longPolicy, STAGES.longPolicy.families, doublings(64 * KB, 256 * KB));
  }, 120_000);

  it('policy diff of many things', () => {
    expectLinear(STAGES.manyPolicy, QUICK, doublings(32 * KB, 128 * KB));
  }, 120_000);
});

describe('the measure', () => {
  it('finds work that is quadratic', () => {
    const quadratic = (size: number): number => {
      let count = 0;
      for (let a = 0; a < size; a += 1) for (let b = 0; b < size; b += 1) count += a ^ b;
      return count;
    };
    expect(
      growthOf({ name: 'quadratic', make: (size) => size }, quadratic, doublings(6 * KB, 24 * KB)).worst,
    ).toBeGreaterThan(MOST_GROWTH);
  });
});
