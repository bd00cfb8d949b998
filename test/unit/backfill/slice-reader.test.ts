import * as fc from 'fast-check';
import { slicesOf } from '../../../lib/backfill/report';
import {
  sliceReader,
  planSliceWindow,
  sumCounts,
  withinRetention,
  NOTHING_COUNTED,
} from '../../../lib/backfill/slice-reader';
import type { BackfillJob } from '../../../lib/domain/backfill';
import { HOUR, DAY, type Window } from '../../../lib/domain/time';
import { begin } from '../../../lib/pipeline/plan';
import { identify } from '../../../lib/events/identity/identify';
const NOW = Date.UTC(2026, 10, 22, 12);

/** A record of so long ago; null: without a time that can be read. */
const recordOf = (agoMs: number | null) =>
  identify(
    {
      eventTime: agoMs === null ? 'some time ago' : new Date(NOW - agoMs).toISOString(),
      eventGroupID: 'g',
      action: 'APPROVE',
      target: { id: 'n', type: 'NODE' },
    },
    { tailnetKey: 'k', idKey: '0'.repeat(64) },
  );

describe('a record at the edge of two slices', () => {
  const walkUntil = (agoMs: number) =>
    sliceReader(begin({ from: NOW - 40 * DAY, until: NOW - agoMs }), { dryRun: false }, NOW);

  it('belongs to the later one: a slice has its start, and not its end', () => {
    expect(walkUntil(10 * DAY).selects(recordOf(10 * DAY))).toBe(false);
    expect(walkUntil(10 * DAY).selects(recordOf(10 * DAY + 1))).toBe(true);
    expect(walkUntil(10 * DAY - 1).selects(recordOf(10 * DAY))).toBe(true);
  });

  it('belongs to every slice that reads it when it has no comparable time', () => {
    expect(walkUntil(10 * DAY).selects(recordOf(null))).toBe(true);
    expect(walkUntil(10 * DAY).selects(recordOf(-2 * DAY))).toBe(true);
  });
});

const ranges = fc.record({
  from: fc.integer({ min: 0, max: 90 * DAY }),
  length: fc.integer({ min: 1, max: 90 * DAY }),
  sliceMs: fc.integer({ min: HOUR, max: 200 * HOUR }),
});
const jobOf = (range: Window, sliceMs: number, dialect: BackfillJob['dialect'] = 'configuration'): BackfillJob => ({
  ...range,
  id: 'bf-0',
  connector: 'default',
  dialect,
  force: false,
  dryRun: false,
  notes: [],
  sliceMs,
});

it('cuts a range into slices, and a slice into windows of a day, that meet and cover it', () => {
  fc.assert(
    fc.property(ranges, ({ from, length, sliceMs }) => {
      const job = jobOf({ from, until: from + length }, sliceMs);
      let at = from;
      for (const slice of slicesOf(job)) {
        expect(slice.from).toBe(at);
        for (
          let window = planSliceWindow(
            { watermark: 0, readTo: at, unread: [], inflight: null, counts: NOTHING_COUNTED },
            slice,
            job,
          );
          window !== null;
        ) {
          expect(window.from).toBe(at);
          expect(window.until - window.from).toBeLessThanOrEqual(DAY);
          expect(window.until).toBeGreaterThan(window.from);
          at = window.until;
          window = planSliceWindow(
            { watermark: 0, readTo: at, unread: [], inflight: null, counts: NOTHING_COUNTED },
            slice,
            job,
          );
        }
        expect(at).toBe(slice.until);
      }
      expect(at).toBe(job.until);
    }),
    { numRuns: 50 },
  );
});

it('reads a slice in one window in a dialect without an end', () => {
  const job = jobOf({ from: 0, until: 30 * DAY }, 30 * DAY, 'audit');
  expect(
    planSliceWindow({ watermark: 0, readTo: 0, unread: [], inflight: null, counts: NOTHING_COUNTED }, job, job),
  ).toMatchObject({ from: 0, until: 30 * DAY });
});

it('adds up what slices did, name by name', () => {
  const one = {
    ...NOTHING_COUNTED,
    fetched: 3,
    emitted: 2,
    byAction: { 'device:approve': 1, __proto__x: 1 },
    bySeverity: { high: 2 },
  };
  expect(sumCounts([one, NOTHING_COUNTED, { ...one, duplicates: 4 }])).toEqual({
    ...NOTHING_COUNTED,
    fetched: 6,
    emitted: 4,
    duplicates: 4,
    byAction: { 'device:approve': 2, __proto__x: 2 },
    bySeverity: { high: 4 },
  });
});

describe('a slice that waited for longer than Tailscale keeps its log', () => {
  const now = 200 * DAY;
  const edge = now - 90 * DAY;
  const waiting = { watermark: now, readTo: edge - 3 * DAY, unread: [], inflight: null, counts: NOTHING_COUNTED };

  it('continues at the edge, and notes the interval that it could not read', () => {
    const slice = { from: edge - 4 * DAY, until: edge + DAY };
    expect(withinRetention(waiting, slice, now)).toMatchObject({
      readTo: edge,
      unread: [{ from: edge - 3 * DAY, until: edge }],
    });
  });

  it('is at its end when Tailscale keeps nothing of it', () => {
    const slice = { from: edge - 4 * DAY, until: edge - DAY };
    expect(withinRetention(waiting, slice, now)).toMatchObject({
      readTo: slice.until,
      unread: [{ from: waiting.readTo, until: slice.until }],
    });
  });

  it.each([
    ['an interval in reach', { readTo: edge }],
    ['the hour by which the edge has moved since the plan', { readTo: edge - 59 * 60_000 }],
    ['a window in flight', { inflight: begin({ from: waiting.readTo, until: edge }) }],
  ])('asks for %s', (_, change) => {
    const checkpoint = { ...waiting, ...change };
    expect(withinRetention(checkpoint, { from: 0, until: now }, now)).toBe(checkpoint);
  });
});
