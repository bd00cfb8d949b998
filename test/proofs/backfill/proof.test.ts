import { problemsOf, prove } from './proof';

it('[part of case 66] brings 2,000 records in slices at once, one of them killed in the middle of a page, and live polling does not notice', async () => {
  const options = { records: 2_000, days: 6, sliceHours: 24, atOnce: 2, kills: 1, ticks: 2 };
  const evidence = await prove(options);
  // Too short for memory to say anything.
  expect(problemsOf({ ...evidence, memory: [0, 0] }, options)).toEqual([]);
}, 60_000);
