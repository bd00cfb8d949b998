import { parseDuration } from '../lib/contract/duration';
import { DAY, HOUR, MINUTE, parseTimestamp, RETENTION_MS, type Millis } from '../lib/domain/time';
import { CliError } from './cli';

/** RFC 3339 requires a zone: without one a time would be ambiguous. */
const ZONED = /(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Whether the text is an RFC 3339 time with its zone. */
export const isInstant = (text: string): boolean => ZONED.test(text) && parseTimestamp(text) !== null;

/**
 * Parses an instant that Tailscale's log still covers: an RFC 3339 time, or a duration before now.
 *
 * @throws CliError (usage error) for any other text, a future instant, or one before Tailscale's retention.
 */
export function parsePastInstant(text: string, now: Millis): Millis {
  const ago = parseDuration(text);
  const instant = ago !== null ? now - ago : isInstant(text) ? parseTimestamp(text) : null;
  if (instant === null) {
    throw new CliError(
      `"${text}" is neither a time with its zone, such as 2026-11-22T08:00:00Z, nor a duration before now, such as PT2H or P1DT12H`,
      2,
    );
  }
  if (instant > now) throw new CliError(`${format(instant)} is in the future; now is ${format(now)}`, 2);
  if (instant < now - RETENTION_MS) {
    throw new CliError(
      `${format(instant)} is too early: Tailscale keeps its log for ${RETENTION_MS / DAY} days, that is from ${format(now - RETENTION_MS)}`,
      2,
    );
  }
  return instant;
}

export const format = (instant: Millis): string => new Date(instant).toISOString();

/** A length of time in its two largest units that are not 0: `1 d 4 h`. */
export function formatLength(length: Millis): string {
  const units = [
    ['d', DAY],
    ['h', HOUR],
    ['min', MINUTE],
    ['s', 1_000],
  ] as const;
  let rest = length;
  const parts = units.flatMap(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return parts.slice(0, 2).join(' ') || '0 s';
}
