const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

export const NANOS_PER_MILLI = 1_000_000n;
export const NANOS_PER_SECOND = 1_000_000_000n;

/**
 * The instant that an RFC 3339 text names, in whole nanoseconds since 1970; null when the text is not one.
 *
 * Up to nine digits of fraction are kept, as Tailscale writes them: milliseconds would make records of one operation
 * equal. Takes years 0001 to 9999 and any offset; refuses days that the calendar has not, and second 60.
 */
export function parseInstant(text: string): bigint | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [, seconds = '', fraction = '', sign = '+', hours = '00', minutes = '00'] = match;
  const millis = Date.parse(`${seconds}Z`);
  // Date.parse rolls 30 February over into March.
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== seconds) return null;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const offsetMillis = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return BigInt(millis - offsetMillis) * NANOS_PER_MILLI + BigInt(fraction.padEnd(9, '0'));
}

/** As Go, and so Tailscale, writes an instant: UTC, with as many digits of fraction as it takes. */
export function formatInstant(instant: bigint): string {
  return `${wallClock(instant)}Z`;
}

/** An instant's date and time of day in UTC, without a zone; at least `digits` digits of fraction. */
export function wallClock(instant: bigint, between = 'T', digits = 0): string {
  const nanos = ((instant % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  const [date, time] = new Date(Number((instant - nanos) / NANOS_PER_MILLI)).toISOString().slice(0, 19).split('T');
  const all = nanos.toString().padStart(9, '0');
  const fraction = all.slice(0, Math.max(digits, all.replace(/0+$/, '').length));
  return `${date}${between}${time}${fraction === '' ? '' : `.${fraction}`}`;
}
