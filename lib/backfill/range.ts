import { createHash } from 'node:crypto';
import type { BackfillRequest } from '../contract/backfill';
import { parseDuration } from '../contract/duration';
import { InvalidInput } from '../contract/parse';
import { rfc3339, MINUTE, DAY, parseTimestamp } from '../domain/time';
import type { Millis, Window } from '../domain/time';
import { RETENTION_MS } from '../domain/time';

/** A range that reaches this far beyond Tailscale's retention, or beyond now, is clamped; one that reaches further is refused. */
const CLAMPED_MS = DAY;

/** RFC 3339 requires a zone: a time without one would be read in the wrong zone. */
const ZONED = /(?:[Zz]|[+-]\d\d:\d\d)$/;

/** A range in whole minutes, and notes on how it was resolved. */
export interface Range extends Window {
  readonly notes: readonly string[];
}

export type AskedRange = Pick<BackfillRequest, 'from' | 'until' | 'last'>;

/**
 * The range that a request names, before it is clamped.
 *
 * @throws InvalidInput naming the field and the limit: no range, two ranges, no time, reversed, in the future.
 */
export function parseRange({ from, until, last }: AskedRange, now: Millis): Range {
  if (last !== undefined && (from !== undefined || until !== undefined))
    throw invalid('last', 'give either last, or from and until');
  if (last === undefined && from === undefined)
    throw invalid(
      'from',
      'say from when, as a time such as 2026-10-01T00:00:00Z, or give last, as a duration such as P7D',
    );
  const start = from === undefined ? now - parseLast(last ?? '') : parseInstant('from', from);
  const end = until === undefined ? now : parseInstant('until', until);
  if (start > now) throw invalid('from', `${rfc3339(start)} is in the future; now is ${rfc3339(now)}`);
  if (end > now + CLAMPED_MS)
    throw invalid('until', `${rfc3339(end)} is more than 24 hours in the future; now is ${rfc3339(now)}`);
  if (start >= end) throw invalid('until', `${rfc3339(end)} is not after from, which is ${rfc3339(start)}`);
  const range = { from: Math.floor(start / MINUTE) * MINUTE, until: Math.ceil(end / MINUTE) * MINUTE };
  const rounded = (from !== undefined && range.from !== start) || (until !== undefined && range.until !== end);
  return {
    ...range,
    notes: rounded ? [`a job covers whole minutes: from ${rfc3339(range.from)} until ${rfc3339(range.until)}`] : [],
  };
}

function parseLast(text: string): Millis {
  const length = parseDuration(text);
  if (length === null)
    throw invalid('last', 'must be a duration of weeks, days, hours and minutes such as P7D or PT12H');
  if (length < MINUTE) throw invalid('last', 'must be at least one minute, PT1M');
  if (length > RETENTION_MS)
    throw invalid(
      'last',
      `is longer than the ${RETENTION_MS / DAY} days for which Tailscale keeps its log: P${RETENTION_MS / DAY}D is the limit`,
    );
  return length;
}

function parseInstant(field: 'from' | 'until', text: string): Millis {
  const instant = ZONED.test(text) ? parseTimestamp(text) : null;
  if (instant === null) throw invalid(field, 'must be a time such as 2026-10-01T00:00:00Z, with its zone');
  return instant;
}

/** What a range is clamped to. */
export interface Limits {
  readonly now: Millis;
  readonly watermark: Millis;
  /** Live polling reads nothing before it. */
  readonly startFrom: Millis;
  readonly overlapMs: Millis;
}

/**
 * Clamps a range to what Tailscale still keeps and live polling does not read: its end is the watermark less the overlap,
 * or live polling's start if that is later.
 *
 * @throws InvalidInput naming the field and the limit, when nothing is left or the start is more than 24 hours too early.
 */
export function clampRange(asked: Range, { now, watermark, startFrom, overlapMs }: Limits): Range {
  const edge = now - RETENTION_MS;
  const latest = Math.max(watermark - overlapMs, Math.min(startFrom, watermark));
  const kept = `Tailscale keeps its log for ${RETENTION_MS / DAY} days`;
  const live = `live polling has read up to ${rfc3339(watermark)} and reads everything from ${rfc3339(latest)} on`;
  if (asked.from < edge - CLAMPED_MS)
    throw invalid('from', `${rfc3339(asked.from)} is too far back: ${kept}, so ${rfc3339(edge)} is the limit`);
  if (asked.until <= edge)
    throw invalid(
      'until',
      `${rfc3339(asked.until)} is too far back: ${kept}, so nothing before ${rfc3339(edge)} can be read`,
    );
  if (asked.from >= latest)
    throw invalid('from', `${rfc3339(asked.from)} is too late: ${live}, so ${rfc3339(latest)} is the limit`);
  const from = Math.max(asked.from, edge);
  const until = Math.min(asked.until, latest);
  if (from >= until)
    throw invalid('until', `nothing is left between ${rfc3339(from)} and ${rfc3339(until)}: ${kept}, and ${live}`);
  return {
    from,
    until,
    notes: [
      ...asked.notes,
      ...(from > asked.from ? [`from was ${rfc3339(asked.from)} and is now ${rfc3339(from)}: ${kept}`] : []),
      ...(until < asked.until ? [`until was ${rfc3339(asked.until)} and is now ${rfc3339(until)}: ${live}`] : []),
    ],
  };
}

/**
 * The job's id. It depends on the request alone, not on clock or watermark: the same request again resumes the job, or
 * reports what it has done.
 */
export function jobIdOf(
  connector: string,
  { from, until }: Window,
  { force = false, dryRun = false, rerun = 0 }: BackfillRequest,
): string {
  return `bf-${createHash('sha256')
    .update(JSON.stringify([connector, from, until, force, dryRun, rerun]))
    .digest('hex')
    .slice(0, 32)}`;
}

function invalid(field: string, problem: string): InvalidInput {
  return new InvalidInput('backfill', [`${field}: ${problem}`]);
}
