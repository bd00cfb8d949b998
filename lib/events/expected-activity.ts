import * as z from 'zod/mini';
import type { AuditEvent } from '../contract/audit-event';
import { parseWith } from '../contract/parse';
import { parseTimestamp } from './event-time';

/** A whole name, or with `*` at its end the start of one. */
const pattern = z.string().check(z.regex(/^[^*]{1,200}\*?$|^\*$/, 'must be a name, or the start of one with "*" at its end'));

/** Hours and minutes of the day, UTC. */
const timeOfDay = z.string().check(z.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 02:30, UTC'));

const rule = z
  .strictObject({
    /** Names the rule in the events it marks. */
    rule: z.string().check(z.regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and "-"')),
    reason: z.string().check(z.minLength(1), z.maxLength(200)),
    action: z.optional(pattern),
    /** Matches the login name, the display name or the id. */
    actor: z.optional(pattern),
    /** Matches the name or the id. */
    target: z.optional(pattern),
    /** Half-open, UTC; over midnight when `from` is the later one. */
    between: z.optional(z.strictObject({ from: timeOfDay, until: timeOfDay })),
    /** First day, UTC, on which the rule no longer counts. */
    endsOn: z.optional(z.iso.date('must be a date such as 2026-12-31')),
  })
  .check(z.refine(({ action, actor, target }) => (action ?? actor ?? target) !== undefined, 'must name an action, an actor or a target: time alone would expect everything'));

/** Something the operator announced: CI, a scheduled rotation, a red-team test. */
export type ExpectedActivity = z.infer<typeof rule>;

/**
 * The operator's list of expected activity, in order.
 *
 * @throws InvalidInput listing every problem.
 */
export function parseExpectedActivity(value: unknown, subject = 'expected activity'): readonly ExpectedActivity[] {
  return parseWith(z.array(rule), value, subject);
}

/** Which announcement an event meets: the first that matches in all it names. null: none. The event keeps its severity either way. */
export function expectedBy(
  event: Pick<AuditEvent, 'action' | 'actor' | 'target' | 'occurredAt'>,
  rules: readonly ExpectedActivity[],
): { readonly rule: string; readonly reason: string } | null {
  const found = rules.find((candidate) => matches(candidate, event));
  return found === undefined ? null : { rule: found.rule, reason: found.reason };
}

function matches({ action, actor, target, between, endsOn }: ExpectedActivity, event: Parameters<typeof expectedBy>[0]): boolean {
  const { loginName, displayName, id } = event.actor;
  return (
    isNamed(action, [event.action]) &&
    isNamed(actor, [loginName, displayName, id]) &&
    isNamed(target, [event.target.name, event.target.id]) &&
    isInTime(between, endsOn, event.occurredAt)
  );
}

function isNamed(wanted: string | undefined, names: readonly (string | null)[]): boolean {
  if (wanted === undefined) return true;
  const start = wanted.endsWith('*') ? wanted.slice(0, -1) : undefined;
  return names.some((name) => name !== null && (start === undefined ? name === wanted : name.startsWith(start)));
}

/** An event without a readable time meets no rule that asks for one: what cannot be checked is not expected. */
function isInTime(between: ExpectedActivity['between'], endsOn: string | undefined, occurredAt: string | null): boolean {
  if (between === undefined && endsOn === undefined) return true;
  const millis = occurredAt === null ? null : parseTimestamp(occurredAt);
  if (millis === null) return false;
  const [day = '', clock = ''] = new Date(millis).toISOString().split('T');
  return (endsOn === undefined || day < endsOn) && (between === undefined || isBetween(clock.slice(0, 5), between));
}

function isBetween(clock: string, { from, until }: { readonly from: string; readonly until: string }): boolean {
  return from <= until ? clock >= from && clock < until : clock >= from || clock < until;
}
