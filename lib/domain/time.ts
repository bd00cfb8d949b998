/** An instant: whole milliseconds since 1970, UTC. */
export type Millis = number;

/** Milliseconds. */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How long Tailscale keeps its log. Source: Tailscale's documentation of the configuration audit log, read 2026-11. */
export const RETENTION_MS = 90 * DAY;

/** An instant as RFC 3339 with milliseconds, in UTC. */
export const rfc3339 = (instant: Millis): string => new Date(instant).toISOString();

/** Half-open. */
export interface Window {
  readonly from: Millis;
  /** Not included. */
  readonly until: Millis;
}

/** RFC 3339 to any fraction, and the forms Tailscale prints elsewhere: `2022-10-18 18:40:58.65 +0000 UTC`, and no zone at all (read as UTC). */
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?: ?(?:[Zz]|([+-])(\d\d):?(\d\d)))?(?: UTC)?$/;

/** A timestamp as an instant; null when it is not a valid one. A leap second counts as the last millisecond before it. */
export function parseTimestamp(text: string): Millis | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes] = match;
  const leap = second === '60';
  const clock = `${hour}:${minute}:${leap ? '59' : second}.${leap ? '999' : fraction.slice(0, 3).padEnd(3, '0')}`;
  const written = `${year}-${month}-${day}T${clock}Z`;
  const local = Date.parse(written);
  if (Number.isNaN(local) || new Date(local).toISOString() !== written) return null;
  const offset = (Number(offsetHours ?? 0) * 60 + Number(offsetMinutes ?? 0)) * 60_000;
  return sign === '-' ? local + offset : local - offset;
}
