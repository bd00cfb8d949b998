import * as fc from 'fast-check';
import { slicesOf } from '../../lib/connector/backfill-report';
import { isCovered, planBackfillWindow, sumCounts, withinRetention, NOTHING_COUNTED, type LiveRecord } from '../../lib/connector/backfill-walk';
import type { BackfillJob } from '../../lib/connector/backfill-ports';
import type { Window } from '../../lib/connector/ports';
import { begin } from '../../lib/connector/window';
import { seenBucket } from '../../lib/events/event-time';
import { normalize } from '../../lib/events/normalize';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 12);

/** An event of so long ago. */
function eventOf(agoMs: number) {
  const record = { eventTime: new Date(NOW - agoMs).toISOString(), eventGroupID: 'g', action: 'APPROVE', target: { id: 'n', type: 'NODE' } };
  const context = { connector: 'default', tailnetKey: 'k', mode: 'backfill', runId: 'r', receivedAt: NOW, watermark: NOW, severityProfile: 'spec', expectedActivity: [], oauthClientId: null } as const;
  const [event] = normalize(record, context);
  if (event === undefined) throw new Error('every record has an event');
  return event;
}

describe('what live polling has read although no mark says so', () => {
  const live: LiveRecord = { startFrom: NOW - 300 * DAY, watermark: NOW - HOUR, idFloor: null, gaps: [] };

  it('is what is older than the marks live, and nothing younger', () => {
    expect(isCovered(eventOf(101 * DAY), live, NOW)).toBe(true);
    expect(isCovered(eventOf(99 * DAY), live, NOW)).toBe(false);
  });

  it('is what lies below a switch of the dialect', () => {
    expect(isCovered(eventOf(10 * DAY), { ...live, idFloor: NOW - 5 * DAY }, NOW)).toBe(true);
    expect(isCovered(eventOf(3 * DAY), { ...live, idFloor: NOW - 5 * DAY }, NOW)).toBe(false);
  });

  it('is nothing in a gap, before the start, or after the watermark', () => {
    const old = eventOf(101 * DAY);
    expect(isCovered(old, { ...live, gaps: [{ from: old.time, until: old.time + 1 }] }, NOW)).toBe(false);
    expect(isCovered(old, { ...live, gaps: [{ from: old.time - DAY, until: old.time }] }, NOW)).toBe(true);
    expect(isCovered(old, { ...live, startFrom: old.time + 1 }, NOW)).toBe(false);
    expect(isCovered(old, { ...live, startFrom: old.time, watermark: old.time }, NOW)).toBe(false);
  });

  it('is no event that has no time of its own', () => {
    const event = { ...eventOf(101 * DAY), seen: { bucket: 'none', element: '0'.repeat(32) } };
    expect(seenBucket(event.time)).not.toBe('none');
    expect(isCovered(event, live, NOW)).toBe(false);
  });
});

const ranges = fc.record({ from: fc.integer({ min: 0, max: 90 * DAY }), length: fc.integer({ min: 1, max: 90 * DAY }), sliceMs: fc.integer({ min: HOUR, max: 200 * HOUR }) });
const jobOf = (range: Window, sliceMs: number, dialect: BackfillJob['dialect'] = 'configuration'): BackfillJob => ({ ...range, id: 'bf-0', connector: 'default', dialect, force: false, dryRun: false, notes: [], sliceMs });

it('cuts a range into slices, and a slice into windows of a day, that meet and cover it', () => {
  fc.assert(
    fc.property(ranges, ({ from, length, sliceMs }) => {
      const job = jobOf({ from, until: from + length }, sliceMs);
      let at = from;
      for (const slice of slicesOf(job)) {
        expect(slice.from).toBe(at);
        for (let window = planBackfillWindow({ watermark: 0, readTo: at, unread: [], inflight: null, counts: NOTHING_COUNTED }, slice, job); window !== null; ) {
          expect(window.from).toBe(at);
          expect(window.until - window.from).toBeLessThanOrEqual(DAY);
          expect(window.until).toBeGreaterThan(window.from);
          at = window.until;
          window = planBackfillWindow({ watermark: 0, readTo: at, unread: [], inflight: null, counts: NOTHING_COUNTED }, slice, job);
        }
        expect(at).toBe(slice.until);
      }
      expect(at).toBe(job.until);
    }),
    { numRuns: 50 },
  );
});

it('asks the audit dialect for a slice at once: each request reads to the end of the log', () => {
  const job = jobOf({ from: 0, until: 30 * DAY }, 30 * DAY, 'audit');
  expect(planBackfillWindow({ watermark: 0, readTo: 0, unread: [], inflight: null, counts: NOTHING_COUNTED }, job, job)).toMatchObject({ from: 0, until: 30 * DAY });
});

it('adds up what slices did, name by name', () => {
  const one = { ...NOTHING_COUNTED, fetched: 3, emitted: 2, byAction: { 'device:approve': 1, __proto__x: 1 }, bySeverity: { high: 2 } };
  expect(sumCounts([one, NOTHING_COUNTED, { ...one, covered: 4 }])).toEqual({ ...NOTHING_COUNTED, fetched: 6, emitted: 4, covered: 4, byAction: { 'device:approve': 2, __proto__x: 2 }, bySeverity: { high: 4 } });
});

describe('a slice that waited for longer than Tailscale keeps its log', () => {
  const now = 200 * DAY;
  const edge = now - 90 * DAY;
  const waiting = { watermark: now, readTo: edge - 3 * DAY, unread: [], inflight: null, counts: NOTHING_COUNTED };

  it('goes on at the edge, and keeps what it could not read', () => {
    const slice = { from: edge - 4 * DAY, until: edge + DAY };
    expect(withinRetention(waiting, slice, now)).toMatchObject({ readTo: edge, unread: [{ from: edge - 3 * DAY, until: edge }] });
  });

  it('is at its end when all of it is gone', () => {
    const slice = { from: edge - 4 * DAY, until: edge - DAY };
    expect(withinRetention(waiting, slice, now)).toMatchObject({ readTo: slice.until, unread: [{ from: waiting.readTo, until: slice.until }] });
  });

  it.each([
    ['what is in reach', { readTo: edge }],
    ['the hour by which the edge has moved since the plan', { readTo: edge - 59 * 60_000 }],
    ['a window that is under way', { inflight: begin({ from: waiting.readTo, until: edge }) }],
  ])('asks for %s', (_, change) => {
    const place = { ...waiting, ...change };
    expect(withinRetention(place, { from: 0, until: now }, now)).toBe(place);
  });
});
