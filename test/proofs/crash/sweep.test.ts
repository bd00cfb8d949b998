import { FAULTS } from './faults';
import { createSandboxPool } from './sandbox-pool';
import { sweep } from './sweep';

// All requests, both dialects and every fault: `npm run test:crash`.
it('loses nothing and repeats little when a sandbox is killed at some request', async () => {
  const pool = createSandboxPool();
  const faults = FAULTS.filter(({ name }) => name === 'killed-after');
  const { undisturbed, results } = await sweep({ pool, dialects: ['audit'], faults, every: 13, from: 9, jobs: 2 });

  expect(undisturbed.map(({ problems, repeated }) => ({ problems, repeated }))).toEqual([
    { problems: [], repeated: 0 },
  ]);
  expect(results.length).toBeGreaterThan(3);
  expect(
    results.flatMap(({ fault, at, hit, problems }) =>
      problems.map((problem) => `${fault.name}, ${at} (${hit?.what}): ${problem}`),
    ),
  ).toEqual([]);
}, 120_000);
