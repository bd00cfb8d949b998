import fc from 'fast-check';
import type { BackfillPlan } from '../../../lib/contract/backfill';
import { createPace } from '../../../cli/backfill/pace';
import { HOUR } from '../../../lib/domain/time';
const START = Date.parse('2026-11-01T00:00:00Z');
const iso = (hour: number) => new Date(START + hour * HOUR).toISOString();

/** A plan whose slices end at these hours. */
function planOf(ends: readonly number[]): Pick<BackfillPlan, 'from' | 'until' | 'slices'> {
  const slices = ends.map((end, slice) => ({
    ...{ action: 'slice' as const, jobId: 'bf-1', connector: 'default', force: false, dryRun: false },
    ...{ slice, from: iso(ends[slice - 1] ?? 0), until: iso(end) },
  }));
  return { from: iso(0), until: iso(ends.at(-1) ?? 0), slices };
}

const standing = (slice: number, hour: number, fetched: number) => ({
  slice,
  readTo: START + hour * HOUR,
  page: 0,
  fetched,
  emitted: fetched,
});

it('weighs slices by their length', () => {
  const { all, slicesDone } = createPace()(planOf([1, 4]), [standing(0, 1, 10)], 0);
  expect({ all, slicesDone }).toEqual({
    all: { fraction: 0.25, fetched: 10, emitted: 10, page: 0, rate: null, left: null },
    slicesDone: 1,
  });
});

it('knows rate and time left from the second look on, also after --attach to a running job', () => {
  const pace = createPace();
  const plan = planOf([10]);
  expect(pace(plan, [standing(0, 5, 1_000)], 60_000).all).toMatchObject({ rate: null, left: null });
  expect(pace(plan, [standing(0, 6, 1_500)], 70_000).all).toMatchObject({ fraction: 0.6, rate: 50, left: 40_000 });
});

it('knows no time left without progress', () => {
  const pace = createPace();
  pace(planOf([10]), [standing(0, 5, 1_000)], 0);
  expect(pace(planOf([10]), [standing(0, 5, 1_200)], 10_000).all).toMatchObject({ rate: 20, left: null });
});

it('keeps every fraction from 0 to 1, whatever the table contains', () => {
  const ends = fc
    .uniqueArray(fc.integer({ min: 1, max: 2_160 }), { minLength: 1, maxLength: 12 })
    .map((hours) => hours.sort((one, other) => one - other));
  const standings = fc.array(
    fc.record({
      slice: fc.nat(15),
      readTo: fc.integer({ min: START - HOUR, max: START + 2_200 * HOUR }),
      page: fc.nat(9),
      fetched: fc.nat(),
      emitted: fc.nat(),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(ends, fc.array(standings, { maxLength: 4 }), (hours, looks) => {
      const pace = createPace();
      const plan = planOf(hours);
      looks.forEach((seen, at) => {
        const unique = [...new Map(seen.map((one) => [one.slice, one])).values()];
        const { all, slices } = pace(plan, unique, at * 1_000);
        for (const { fraction, left } of [all, ...slices]) {
          expect(fraction).toBeGreaterThanOrEqual(0);
          expect(fraction).toBeLessThanOrEqual(1);
          expect(left ?? 0).toBeGreaterThanOrEqual(0);
        }
      });
    }),
  );
});
