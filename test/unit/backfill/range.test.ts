import * as fc from 'fast-check';
import { clampRange, jobIdOf, parseRange } from '../../../lib/backfill/range';
import { InvalidInput } from '../../../lib/contract/parse';
import { MINUTE, HOUR, DAY } from '../../../lib/domain/time';
const NOW = Date.UTC(2026, 10, 22, 12, 30, 15, 250);
const iso = (instant: number) => new Date(instant).toISOString();

it('reads a zone other than UTC, and covers the minutes that were named in part', () => {
  expect(parseRange({ from: '2026-11-20T01:00:30+01:00', until: '2026-11-20T23:59:59Z' }, NOW)).toEqual({
    from: Date.parse('2026-11-20T00:00:00Z'),
    until: Date.parse('2026-11-21T00:00:00Z'),
    notes: ['a job covers whole minutes: from 2026-11-20T00:00:00.000Z until 2026-11-21T00:00:00.000Z'],
  });
});

it('ends now by default, without a note about minutes', () => {
  expect(parseRange({ last: 'P1DT12H' }, NOW)).toEqual({
    from: Date.parse('2026-11-21T00:30:00Z'),
    until: Date.parse('2026-11-22T12:31:00Z'),
    notes: [],
  });
  expect(parseRange({ from: '2026-11-21T00:00:00Z' }, NOW)).toMatchObject({
    until: Date.parse('2026-11-22T12:31:00Z'),
    notes: [],
  });
});

const limits = fc.record({
  watermarkAgo: fc.integer({ min: MINUTE, max: 100 * DAY }),
  startAgo: fc.integer({ min: MINUTE, max: 400 * DAY }),
  fromAgo: fc.integer({ min: 0, max: 93 * DAY }),
  untilAgo: fc.integer({ min: -DAY, max: 93 * DAY }),
});

it('stays within the request and the retention of Tailscale, and reads only what live polling does not read', () => {
  let cut = 0;
  fc.assert(
    fc.property(limits, ({ watermarkAgo, startAgo, fromAgo, untilAgo }) => {
      const [watermark, startFrom] = [NOW - watermarkAgo, NOW - startAgo];
      try {
        const asked = parseRange({ from: iso(NOW - fromAgo), until: iso(NOW - untilAgo) }, NOW);
        const { from, until } = clampRange(asked, { now: NOW, watermark, startFrom, overlapMs: HOUR });
        cut += 1;
        expect(from).toBeLessThan(until);
        expect(from).toBe(Math.max(asked.from, NOW - 90 * DAY));
        expect(until).toBe(Math.min(asked.until, Math.max(watermark - HOUR, Math.min(startFrom, watermark))));
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        expect(error.message).toMatch(/^backfill: (?:from|until): /);
      }
    }),
    { numRuns: 300 },
  );
  expect(cut).toBeGreaterThan(20);
});

describe('the id of a job', () => {
  const range = { from: NOW - DAY, until: NOW };

  it('is the same for the same request, however its defaults are written', () => {
    expect(jobIdOf('default', range, {})).toBe(
      jobIdOf('default', range, { connector: 'default', force: false, dryRun: false, from: 'x' }),
    );
    expect(jobIdOf('default', range, {})).toMatch(/^bf-[0-9a-f]{32}$/);
  });

  it('differs for each field that makes another job', () => {
    const ids = [
      jobIdOf('default', range, {}),
      jobIdOf('other', range, {}),
      jobIdOf('default', { ...range, from: range.from - MINUTE }, {}),
      jobIdOf('default', { ...range, until: range.until + MINUTE }, {}),
      jobIdOf('default', range, { force: true }),
      jobIdOf('default', range, { dryRun: true }),
      jobIdOf('default', range, { rerun: 1 }),
      jobIdOf('default', range, { rerun: 2 }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
