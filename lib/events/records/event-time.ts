import { DAY, type Millis, parseTimestamp } from '../../domain/time';

/** The time of a record. */
export interface EventTime {
  /** As received; a number of seconds or milliseconds becomes RFC 3339, and `raw` keeps the number. */
  readonly text: string;
  /** Without fractions of a millisecond. */
  readonly millis: Millis;
}

/** An epoch as decimal digits, as the lossless parser returns it. */
const EPOCH = /^\d{1,16}(?:\.\d{1,20})?$/;

/** Seconds. Below this a number is an epoch in seconds (until the year 5138), above it one in milliseconds. */
const SECONDS_BELOW = 1e11;

/** Milliseconds, the year 5138 again. A larger number is not an epoch. */
const MILLIS_BELOW = 1e14;

/** Reads a time from a record; null if the value is not a time. */
export function parseEventTime(value: unknown): EventTime | null {
  if (typeof value === 'number') return epochTime(value);
  if (typeof value !== 'string') return null;
  if (EPOCH.test(value)) return epochTime(Number(value));
  const millis = parseTimestamp(value);
  return millis === null ? null : { text: value, millis };
}

function epochTime(value: number): EventTime | null {
  if (!(value > 0 && value < MILLIS_BELOW)) return null;
  const millis = Math.floor(value < SECONDS_BELOW ? value * 1000 : value);
  return { text: new Date(millis).toISOString(), millis };
}

/** Whether a time is Go's zero time, which means "not set": any instant of the year 1. */
export function isZeroTime(millis: Millis): boolean {
  return millis < ZERO_TIME_END;
}

const ZERO_TIME_END = Date.parse('0002-01-01T00:00:00Z');

const EARLIEST = Date.UTC(2000, 0, 1);

const LATEST_BUCKET = Date.UTC(2100, 0, 1);

/** The `Time` of an entry on the bus: the event's own if it is in [2000-01-01, receipt + 1 day], else the time of receipt. */
export function entryTime(millis: Millis | null, receivedAt: Millis): Millis {
  return millis !== null && millis >= EARLIEST && millis <= receivedAt + DAY ? millis : receivedAt;
}

/**
 * The partition of the published ids: the hour of the event time as `yyyymmddhh` in UTC. `none` without a time, or with one
 * outside this century, whose ids would never be deleted. It depends only on the record, so that a second reading finds
 * the id that the first one stored.
 */
export function publishedBucket(millis: Millis | null): string {
  if (millis === null || millis < EARLIEST || millis >= LATEST_BUCKET) return 'none';
  return new Date(millis).toISOString().slice(0, 13).replaceAll(/[-T]/g, '');
}
