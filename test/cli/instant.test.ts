import fc from 'fast-check';
import { formatLength, parsePastInstant } from '../../cli/instant';
import { parseDuration } from '../../lib/contract/duration';
import { MINUTE, HOUR, DAY } from '../../lib/domain/time';

const NOW = Date.parse('2026-11-22T12:00:00Z');

describe('a past instant', () => {
  it.each([
    ['2026-11-22T08:00:00Z', NOW - 4 * HOUR],
    ['2026-11-22t08:00:00.250z', NOW - 4 * HOUR + 250],
    ['2026-11-22T10:00:00+02:00', NOW - 4 * HOUR],
    ['2026-11-22 08:00:00Z', NOW - 4 * HOUR],
    ['PT0S', NOW],
    ['PT2H', NOW - 2 * HOUR],
    ['PT90M', NOW - 90 * MINUTE],
    ['P1D', NOW - DAY],
    ['P1W', NOW - 7 * DAY],
    ['P1DT12H', NOW - 36 * HOUR],
    ['P90D', NOW - 90 * DAY],
  ])('%s', (text, instant) => {
    expect(parsePastInstant(text, NOW)).toBe(instant);
  });

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    'P1M',
    'P1Y',
    '2h',
    'PT2',
    'P-1D',
    '-PT2H',
    'PT1.5H',
    'yesterday',
    '2026-11-22',
    '2026-11-22T08:00:00',
    '2026-11-22T08:00Z',
    '2026-02-30T08:00:00Z',
    '1795348800000',
  ])('is not %j', (text) => {
    expect(() => parsePastInstant(text, NOW)).toThrow(`"${text}" is neither a time with its zone, such as`);
  });

  it('is not in the future, and not before the retention of Tailscale', () => {
    expect(() => parsePastInstant('2026-11-22T12:00:00.001Z', NOW)).toThrow(
      '2026-11-22T12:00:00.001Z is in the future; now is 2026-11-22T12:00:00.000Z',
    );
    expect(() => parsePastInstant('P90DT1S', NOW)).toThrow(
      '2026-08-24T11:59:59.000Z is too early: Tailscale keeps its log for 90 days, that is from 2026-08-24T12:00:00.000Z',
    );
  });

  it('accepts or rejects any text without an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const instant = parseDuration(text);
        return instant === null || instant >= 0;
      }),
    );
  });

  it("is the sum of a duration's parts", () => {
    const part = fc.integer({ min: 0, max: 999 });
    fc.assert(
      fc.property(part, part, part, part, (days, hours, minutes, seconds) => {
        expect(parseDuration(`P${days}DT${hours}H${minutes}M${seconds}S`)).toBe(
          days * DAY + hours * HOUR + minutes * MINUTE + seconds * 1_000,
        );
      }),
    );
  });
});

it.each([
  [0, '0 s'],
  [999, '0 s'],
  [61_000, '1 min 1 s'],
  [HOUR, '1 h'],
  [2 * DAY + 3 * HOUR + MINUTE, '2 d 3 h'],
  [DAY + MINUTE, '1 d 1 min'],
])('formats %d ms as %s', (length, text) => {
  expect(formatLength(length)).toBe(text);
});
