import { doublings, growthOf, MOST_GROWTH } from './growth';

const KB = 1024;

// Only the measure is tested here: `npm run test:scaling` measures, on a machine that does nothing else.
it('finds work that is quadratic', () => {
  const quadratic = (size: number): number => {
    let count = 0;
    for (let a = 0; a < size; a += 1) for (let b = 0; b < size; b += 1) count += a ^ b;
    return count;
  };
  const { worst } = growthOf({ name: 'quadratic', make: (size) => size }, quadratic, doublings(6 * KB, 24 * KB));
  expect(worst).toBeGreaterThan(MOST_GROWTH);
});
