import fc from 'fast-check';
import { parseInstant } from '../../../local/tailnet/instant';

it.each([
  ['1970-01-01T00:00:00Z', 0n],
  ['1970-01-01T00:00:00.000000001Z', 1n],
  ['2026-07-27T12:10:29.54158444Z', 1785154229541584440n],
  ['2023-12-19T16:39:57-08:00', 1703032797000000000n],
  ['2023-12-20T06:09:57+05:30', 1703032797000000000n],
  ['0001-01-01T00:00:00Z', -62135596800000000000n],
  ['9999-12-31T23:59:59.999999999Z', 253402300799999999999n],
  ['2024-02-29T00:00:00Z', 1709164800000000000n],
])('reads %s to the nanosecond', (text, nanos) => {
  expect(parseInstant(text)).toBe(nanos);
});

it.each([
  '',
  'yesterday',
  '2026-07-27',
  '2026-07-27T12:10:29',
  '2026-07-27 12:10:29Z',
  '2026-07-27T12:10:60Z',
  '2026-07-27T24:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-07-27T12:10:29.Z',
  '2026-07-27T12:10:29.1234567890Z',
  '2026-07-27T12:10:29+24:00',
  '2026-07-27T12:10:29 08:00',
  '2026-07-27T12:10:29z',
  '2026-07-27T12:10:29Z\n',
])('takes %j for no time', (text) => {
  expect(parseInstant(text)).toBeNull();
});

it('agrees with Date on every millisecond', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('0001-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59.999Z'),
        noInvalidDate: true,
      }),
      (date) => {
        expect(parseInstant(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
      },
    ),
  );
});
