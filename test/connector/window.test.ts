import fc from 'fast-check';
import type { AuditLogPage, Delivery, Genesis, Place } from '../../lib/connector/ports';
import { adoptDialect, afterPage, MAX_WINDOW_MS, planWindow, restartWindow, SETTLE_MS } from '../../lib/connector/window';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const genesis: Genesis = { startFrom: NOW - 3_000 * HOUR, tailnetKey: null, tailnetId: null, committed: true };
const place = (fields: Partial<Place> = {}): Place => ({ watermark: NOW - 5 * 60_000, inflight: null, dialect: 'audit', idFloor: null, ...fields });
const page = (fields: Partial<AuditLogPage> = {}): AuditLogPage => ({ records: [], cursor: null, until: null, asOf: NOW, skewMs: 0, tailnet: null, oauthClientId: null, dialect: 'audit', ...fields });
const whole: Delivery = { accepted: [], refused: [], unsent: [] };
const event = { detailType: 'x', time: 0, detail: {} };

describe('planning', () => {
  it('reaches back one overlap before the watermark, to now', () => {
    expect(planWindow(place(), genesis, NOW, HOUR)).toMatchObject({ from: NOW - 5 * 60_000 - HOUR, until: NOW, cursor: null, asOf: null });
  });

  it('never reaches before the installation', () => {
    expect(planWindow(place(), { ...genesis, startFrom: NOW - 6 * 60_000 }, NOW, HOUR).from).toBe(NOW - 6 * 60_000);
  });

  it('goes on with the window that was begun', () => {
    const inflight = { from: 1, until: 2, asOf: 3, cursor: 'c', page: 4, restarts: 0 };
    expect(planWindow(place({ inflight }), genesis, NOW, HOUR)).toBe(inflight);
  });

  it('catches an outage up in windows that leave no hole and end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 89 * 24 }), fc.integer({ min: 1, max: 720 }), (outageHours, overlapMinutes) => {
        let current = place({ watermark: NOW - outageHours * HOUR });
        for (let windows = 0; ; windows += 1) {
          const window = planWindow(current, genesis, NOW, overlapMinutes * 60_000);
          expect(window.from).toBeLessThanOrEqual(current.watermark);
          expect(window.until - window.from).toBeLessThanOrEqual(MAX_WINDOW_MS);
          const next = afterPage(current, window, page({ until: window.until }), whole);
          if (window.until === NOW) break;
          expect(next.watermark).toBeGreaterThan(current.watermark);
          expect(windows).toBeLessThan(400);
          current = next;
        }
      }),
    );
  });
});

describe('the place behind a page', () => {
  const window = planWindow(place(), genesis, NOW, HOUR);

  it('stays when anything is unsent or refused', () => {
    const before = place();
    expect(afterPage(before, window, page(), { ...whole, unsent: [event] })).toBe(before);
    expect(afterPage(before, window, page(), { ...whole, refused: [{ event, code: 'MalformedDetail' }] })).toBe(before);
  });

  it('moves the watermark on the last page alone', () => {
    const middle = afterPage(place(), window, page({ cursor: 'next' }), whole);
    expect(middle).toMatchObject({ watermark: place().watermark, inflight: { cursor: 'next', page: 1 } });
    expect(afterPage(middle, middle.inflight ?? window, page(), whole)).toMatchObject({ watermark: NOW - SETTLE_MS, inflight: null });
  });

  it('closes over nothing later than the first answer of the window, however late the last page came', () => {
    const middle = afterPage(place(), window, page({ cursor: 'next', asOf: NOW }), whole);
    const last = afterPage(middle, middle.inflight ?? window, page({ asOf: NOW + 6 * HOUR }), whole);
    expect(last.watermark).toBe(NOW - SETTLE_MS);
  });

  it('never moves the watermark back, and never past the server\'s time', () => {
    fc.assert(
      fc.property(fc.integer({ min: -HOUR, max: HOUR }), fc.option(fc.integer({ min: -HOUR, max: HOUR })), (asOf, until) => {
        const next = afterPage(place(), window, page({ asOf: NOW + asOf, until: until === null ? null : NOW + until }), whole);
        expect(next.watermark).toBeGreaterThanOrEqual(place().watermark);
        expect(next.watermark).toBeLessThanOrEqual(Math.max(place().watermark, NOW + asOf - SETTLE_MS));
      }),
    );
  });

  it('forgets the first answer\'s time when the window begins again', () => {
    const middle = afterPage(place(), window, page({ cursor: 'next' }), whole);
    expect(restartWindow(middle, middle.inflight ?? window).inflight).toMatchObject({ cursor: null, asOf: null, page: 0, restarts: 1, from: window.from });
  });
});

describe('a dialect that was set by hand', () => {
  it('drops the window in flight and keeps the overlap from reaching far below the switch', () => {
    const inflight = { from: 1, until: 2, asOf: 3, cursor: 'c', page: 4, restarts: 0 };
    const switched = adoptDialect(place({ inflight }), 'configuration');
    expect(switched).toEqual({ watermark: place().watermark, inflight: null, dialect: 'configuration', idFloor: place().watermark });
    expect(planWindow({ ...switched, watermark: switched.watermark + HOUR / 2 }, genesis, NOW + HOUR / 2, HOUR).from).toBe(switched.watermark + HOUR / 2 - HOUR);
  });

  it('changes nothing when it is the one that answered, or automatic', () => {
    const before = place();
    expect(adoptDialect(before, 'audit')).toBe(before);
    expect(adoptDialect(before, 'auto')).toBe(before);
  });
});
