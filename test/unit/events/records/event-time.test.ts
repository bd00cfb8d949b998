import fc from 'fast-check';
import { entryTime, isZeroTime, parseEventTime, publishedBucket } from '../../../../lib/events/records/event-time';
import { DAY } from '../../../../lib/domain/time';

describe('[case 28] times as Tailscale writes them', () => {
  it.each([
    ['2026-07-27T12:10:27.726411266Z', '2026-07-27T12:10:27.726Z'],
    ['2024-06-06T15:25:26.583893Z', '2024-06-06T15:25:26.583Z'],
    ['2024-06-06T15:25:26Z', '2024-06-06T15:25:26.000Z'],
    ['2024-06-06T15:25:26.5+02:00', '2024-06-06T13:25:26.500Z'],
    ['2024-06-06T15:25:26-08:30', '2024-06-06T23:55:26.000Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z'],
    ['2016-12-31T23:59:60.5Z', '2016-12-31T23:59:59.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2022-10-18 18:40:58.653877012 +0000 UTC', '2022-10-18T18:40:58.653Z'],
    ['2023-07-19 16:10:48.172000000', '2023-07-19T16:10:48.172Z'],
    ['2023-07-19t16:10:48z', '2023-07-19T16:10:48.000Z'],
  ])('reads %s and keeps it as received', (text, instant) => {
    expect(parseEventTime(text)).toEqual({ text, millis: Date.parse(instant) });
  });

  it.each([
    '',
    'yesterday',
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-06-06T25:00:00Z',
    '2024-06-06',
    '12024-06-06T15:25:26Z',
    '2024-06-06T15:25:26ZZ',
    `2024-06-06T15:25:26.${'1'.repeat(1000)}Z`,
  ])('does not read %p', (text) => {
    expect(parseEventTime(text)).toBeNull();
  });
});

describe('times as numbers', () => {
  it.each([
    [1_780_500_887.356, '2026-06-03T15:34:47.356Z'],
    [1_780_500_887, '2026-06-03T15:34:47.000Z'],
    [1_780_500_887_356, '2026-06-03T15:34:47.356Z'],
    ['1780500887356', '2026-06-03T15:34:47.356Z'],
    ['1780500887.356', '2026-06-03T15:34:47.356Z'],
  ])('reads %p as seconds or milliseconds and writes it out', (value, text) => {
    expect(parseEventTime(value)).toEqual({ text, millis: Date.parse(text) });
  });

  it.each([0, -1, 1e14, 1e300, Number.NaN, '99999999999999999', true, null, undefined, {}, []])(
    'does not read %p',
    (value) => {
      expect(parseEventTime(value)).toBeNull();
    },
  );
});

it('reads every instant that toISOString can write', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59.999Z'),
        noInvalidDate: true,
      }),
      (date) => {
        expect(parseEventTime(date.toISOString())).toEqual({ text: date.toISOString(), millis: date.getTime() });
      },
    ),
  );
});

describe('the time of the entry on the bus', () => {
  const receivedAt = Date.parse('2026-11-22T10:00:00Z');
  it.each([
    ["the event's own", receivedAt - 1000, receivedAt - 1000],
    ['from 2000 on', Date.UTC(2000, 0, 1), Date.UTC(2000, 0, 1)],
    ['up to a day ahead', receivedAt + DAY, receivedAt + DAY],
    ['the time of receipt for an older event', Date.UTC(2000, 0, 1) - 1, receivedAt],
    ['the time of receipt for an event further ahead', receivedAt + DAY + 1, receivedAt],
    ['the time of receipt without an event time', null, receivedAt],
  ])('is %s', (_, millis, expected) => {
    expect(entryTime(millis, receivedAt)).toBe(expected);
  });
});

describe('[case 72] the partition of a published id', () => {
  it.each([
    ['2024-02-29T23:59:59.999Z', '2024022923'],
    ['2025-12-31T23:59:59Z', '2025123123'],
    ['2026-10-25T00:30:00Z', '2026102500'],
    ['2000-01-01T00:00:00Z', '2000010100'],
    ['2099-12-31T23:00:00Z', '2099123123'],
    ['1999-12-31T23:59:59Z', 'none'],
    ['2100-01-01T00:00:00Z', 'none'],
    ['0001-01-01T00:00:00Z', 'none'],
  ])('of %s is %s, the hour in UTC', (text, bucket) => {
    expect(publishedBucket(Date.parse(text))).toBe(bucket);
  });

  it("is 'none' without a time", () => {
    expect(publishedBucket(null)).toBe('none');
  });
});

it("[case 73] distinguishes Go's zero time from a time in the past", () => {
  expect([
    isZeroTime(Date.parse('0001-01-01T00:00:00Z')),
    isZeroTime(Date.parse('0002-01-01T00:00:00Z')),
    isZeroTime(0),
  ]).toEqual([true, false, false]);
});
