import fc from 'fast-check';
import type { InstallationRecord, Place } from '../../../lib/domain/checkpoint';
import { SWEEPS } from '../../../lib/domain/checkpoint';
import { HOUR, RETENTION_MS } from '../../../lib/domain/time';
import {
  adoptDialect,
  afterPage,
  afterSweepPage,
  dueSweep,
  MAX_WINDOW_MS,
  planSweep,
  planWindow,
  restart,
  retentionGap,
  SETTLE_MS,
  sweepDone,
  type PageRead,
} from '../../../lib/pipeline/plan';
const NOW = Date.parse('2026-11-22T12:00:00Z');
const installation: InstallationRecord = {
  installedAt: NOW - 3_000 * HOUR,
  startFrom: NOW - 3_000 * HOUR,
  tailnetKey: null,
  tailnetId: null,
  idKey: '0'.repeat(64),
  committed: true,
};
const SWEPT = { doneFrom: NOW - 30 * 60_000, inflight: null };
const checkpoint = (fields: Partial<Place> = {}): Place => ({
  watermark: NOW - 5 * 60_000,
  inflight: null,
  dialect: 'audit',
  sweeps: { hourly: SWEPT, daily: SWEPT },
  ...fields,
});
const page = (fields: Partial<PageRead> = {}): PageRead => ({
  cursor: null,
  until: null,
  asOf: NOW,
  dialect: 'audit',
  ...fields,
});

describe('planning', () => {
  it('reaches back one overlap before the watermark, to now', () => {
    expect(planWindow(checkpoint(), installation, NOW, HOUR)).toMatchObject({
      from: NOW - 5 * 60_000 - HOUR,
      until: NOW,
      cursor: null,
      asOf: null,
    });
  });

  it('never reaches before the installation', () => {
    expect(planWindow(checkpoint(), { ...installation, startFrom: NOW - 6 * 60_000 }, NOW, HOUR).from).toBe(
      NOW - 6 * 60_000,
    );
  });

  it('continues the window that has begun', () => {
    const inflight = { from: 1, until: 2, asOf: 3, cursor: 'c', page: 4, restarts: 0 };
    expect(planWindow(checkpoint({ inflight }), installation, NOW, HOUR)).toBe(inflight);
  });

  it('catches an outage up in windows that leave no hole and end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 89 * 24 }),
        fc.integer({ min: 1, max: 720 }),
        (outageHours, overlapMinutes) => {
          let current = checkpoint({ watermark: NOW - outageHours * HOUR });
          for (let windows = 0; ; windows += 1) {
            const window = planWindow(current, installation, NOW, overlapMinutes * 60_000);
            expect(window.from).toBeLessThanOrEqual(current.watermark);
            expect(window.until - window.from).toBeLessThanOrEqual(MAX_WINDOW_MS);
            const next = afterPage(current, window, page({ until: window.until }));
            if (window.until === NOW) break;
            expect(next.watermark).toBeGreaterThan(current.watermark);
            expect(windows).toBeLessThan(400);
            current = next;
          }
        },
      ),
    );
  });
});

describe('the checkpoint after a page', () => {
  const window = planWindow(checkpoint(), installation, NOW, HOUR);

  it('moves the watermark on the last page alone', () => {
    const middle = afterPage(checkpoint(), window, page({ cursor: 'next' }));
    expect(middle).toMatchObject({ watermark: checkpoint().watermark, inflight: { cursor: 'next', page: 1 } });
    expect(afterPage(middle, middle.inflight ?? window, page())).toMatchObject({
      watermark: NOW - SETTLE_MS,
      inflight: null,
    });
  });

  it('[case 37] closes over nothing later than the first answer of the window, however late the last page came', () => {
    const middle = afterPage(checkpoint(), window, page({ cursor: 'next', asOf: NOW }));
    const last = afterPage(middle, middle.inflight ?? window, page({ asOf: NOW + 6 * HOUR }));
    expect(last.watermark).toBe(NOW - SETTLE_MS);
  });

  it("never moves the watermark back, and never past the server's time", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -HOUR, max: HOUR }),
        fc.option(fc.integer({ min: -HOUR, max: HOUR })),
        (asOf, until) => {
          const next = afterPage(
            checkpoint(),
            window,
            page({ asOf: NOW + asOf, until: until === null ? null : NOW + until }),
          );
          expect(next.watermark).toBeGreaterThanOrEqual(checkpoint().watermark);
          expect(next.watermark).toBeLessThanOrEqual(Math.max(checkpoint().watermark, NOW + asOf - SETTLE_MS));
        },
      ),
    );
  });

  it("forgets the first answer's time when the window begins again", () => {
    const middle = afterPage(checkpoint(), window, page({ cursor: 'next' }));
    expect(restart(middle.inflight ?? window)).toMatchObject({
      cursor: null,
      asOf: null,
      page: 0,
      restarts: 1,
      from: window.from,
    });
  });
});

describe('a dialect that is set', () => {
  it('[case 67] drops the cursors, and reads across the switch as far back as before', () => {
    const inflight = { from: 1, until: 2, asOf: 3, cursor: 'c', page: 4, restarts: 0 };
    const begun = { doneFrom: NOW - 2 * HOUR, inflight: { ...inflight, startedAt: NOW } };
    const switched = adoptDialect(checkpoint({ inflight, sweeps: { hourly: begun, daily: begun } }), 'configuration');
    const unbegun = { doneFrom: NOW - 2 * HOUR, inflight: null };
    expect(switched).toEqual({
      ...checkpoint(),
      dialect: 'configuration',
      sweeps: { hourly: unbegun, daily: unbegun },
    });
    expect(planWindow(switched, installation, NOW, HOUR).from).toBe(switched.watermark - HOUR);
    expect(planSweep(switched, installation, 'daily', NOW, HOUR)).toMatchObject({
      from: NOW - 2 * HOUR - SWEEPS.daily.horizonMs,
      until: switched.watermark - HOUR,
    });
  });

  it('changes nothing when it is the one that answered, or automatic', () => {
    const before = checkpoint();
    expect(adoptDialect(before, 'audit')).toBe(before);
    expect(adoptDialect(before, 'auto')).toBe(before);
  });
});

describe('sweeps', () => {
  const DAY = 24 * HOUR;
  const swept = (hourly: number, daily: number) => ({
    hourly: { doneFrom: NOW - hourly, inflight: null },
    daily: { doneFrom: NOW - daily, inflight: null },
  });

  it('are due by the hour and by the day, the daily one first', () => {
    expect(dueSweep(checkpoint({ sweeps: swept(HOUR - 1, DAY - 1) }), NOW)).toBeNull();
    expect(dueSweep(checkpoint({ sweeps: swept(HOUR, DAY - 1) }), NOW)).toBe('hourly');
    expect(dueSweep(checkpoint({ sweeps: swept(HOUR, DAY) }), NOW)).toBe('daily');
  });

  it('leave no hole between what they cover and what the overlap covers', () => {
    const before = checkpoint({ sweeps: swept(HOUR, DAY) });
    expect(planSweep(before, installation, 'hourly', NOW, HOUR)).toMatchObject({
      from: NOW - HOUR - DAY,
      until: before.watermark - HOUR,
      startedAt: NOW,
    });
    expect(planWindow(before, installation, NOW, HOUR).from).toBe(before.watermark - HOUR);
  });

  it('[case 17] [case 18] find every record that shows up within the horizon, however long the connector was down', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('hourly' as const, 'daily' as const),
        fc.integer({ min: 0, max: 60 * DAY }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tier, outage, when, lateness) => {
          const previous = NOW - SWEEPS[tier].periodMs - outage;
          // The record became visible between the two sweeps, at most one horizon after it happened.
          const visible = previous + Math.round(when * (NOW - previous));
          const happened = visible - Math.round(lateness * SWEEPS[tier].horizonMs);
          const current = checkpoint({
            sweeps: { hourly: { doneFrom: previous, inflight: null }, daily: { doneFrom: previous, inflight: null } },
          });
          const sweep = planSweep(current, installation, tier, NOW, HOUR);
          const live = planWindow(current, installation, NOW, HOUR);
          expect(happened >= (sweep?.from ?? Infinity) && happened <= Math.max(sweep?.until ?? 0, live.until)).toBe(
            true,
          );
        },
      ),
    );
  });

  it('never touch the watermark, and end with their own last page', () => {
    const before = checkpoint({ sweeps: swept(2 * HOUR, HOUR) });
    const window = planSweep(before, installation, 'hourly', NOW, HOUR);
    if (window === null) throw new Error('no sweep');
    const middle = afterSweepPage(before, 'hourly', window, page({ cursor: 'next' }));
    expect(middle).toMatchObject({
      watermark: before.watermark,
      inflight: null,
      sweeps: { hourly: { doneFrom: NOW - 2 * HOUR, inflight: { cursor: 'next', page: 1, startedAt: NOW } } },
    });
    expect(dueSweep(middle, NOW)).toBe('hourly');
    const last = afterSweepPage(middle, 'hourly', middle.sweeps.hourly.inflight ?? window, page());
    expect(last).toEqual({ ...before, sweeps: { ...before.sweeps, hourly: { doneFrom: NOW, inflight: null } } });
  });

  it('of the day count as those of the hour too', () => {
    expect(sweepDone(checkpoint(), 'daily', NOW).sweeps).toEqual({
      hourly: { doneFrom: NOW, inflight: null },
      daily: { doneFrom: NOW, inflight: null },
    });
  });

  it('have nothing to read right after the installation', () => {
    expect(planSweep(checkpoint(), { ...installation, startFrom: NOW - 30 * 60_000 }, 'daily', NOW, HOUR)).toBeNull();
  });
});

describe('the retention gap', () => {
  it('[case 63] is exactly the interval before the edge', () => {
    expect(retentionGap(checkpoint({ watermark: NOW - RETENTION_MS }), NOW)).toBeNull();
    expect(retentionGap(checkpoint({ watermark: NOW - RETENTION_MS - 5 }), NOW)).toEqual({
      from: NOW - RETENTION_MS - 5,
      until: NOW - RETENTION_MS,
    });
  });
});
