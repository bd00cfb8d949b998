import type { Millis } from '../lib/domain/time';
import { RETENTION_MS } from '../lib/domain/time';
import { parseDuration } from '../lib/contract/duration';
import { parseTimestamp } from '../lib/domain/time';
import { CliError } from './cli';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** RFC 3339 wants a zone: a time without one would be read in another zone than it was meant. */
const ZONED = /(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Whether a text is RFC 3339 with its zone. */
export const isInstant = (text: string): boolean => ZONED.test(text) && parseTimestamp(text) !== null;

/**
 * An instant that Tailscale's log still reaches: RFC 3339, or a duration before now.
 *
 * @throws CliError for a usage error: neither form, the future, or too far back.
 */
export function parsePastInstant(text: string, now: Millis): Millis {
  const ago = parseDuration(text);
  const instant = ago !== null ? now - ago : isInstant(text) ? parseTimestamp(text) : null;
  if (instant === null) {
    throw new CliError(
      `"${text}" is neither a time such as 2026-11-22T08:00:00Z (with its zone) nor a duration before now such as PT2H, P1D or P1DT12H`,
      2,
    );
  }
  if (instant > now) throw new CliError(`${format(instant)} is in the future; now is ${format(now)}`, 2);
  if (instant < now - RETENTION_MS) {
    throw new CliError(
      `${format(instant)} is too far back: Tailscale keeps its log for ${RETENTION_MS / DAY} days, so ${format(now - RETENTION_MS)} is the limit`,
      2,
    );
  }
  return instant;
}

export const format = (instant: Millis): string => new Date(instant).toISOString();

/** A length of time in its two largest units: `1 d 4 h`. */
export function formatLength(length: Millis): string {
  const units = [
    ['d', DAY],
    ['h', HOUR],
    ['min', MINUTE],
    ['s', SECOND],
  ] as const;
  let rest = length;
  const parts = units.flatMap(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return parts.slice(0, 2).join(' ') || '0 s';
}
