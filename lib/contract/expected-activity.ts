import * as z from 'zod/mini';
import { parseWith } from './parse';

/** A whole name, or with `*` at its end the start of one. */
const pattern = z
  .string()
  .check(z.regex(/^[^*]{1,200}\*?$|^\*$/, 'must be a name, or the start of one with "*" at its end'));

/** Hours and minutes of the day, UTC. */
const timeOfDay = z.string().check(z.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 02:30, UTC'));

const rule = z
  .strictObject({
    /** Names the rule in the events it marks. */
    rule: z.string().check(z.regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and "-"')),
    reason: z.string().check(z.minLength(1), z.maxLength(200)),
    action: z.optional(pattern),
    /** Matches the login name or the id: a display name is its owner's choice. */
    actor: z.optional(pattern),
    /** Matches the id: the name of a device, like that of any target, is its owner's choice. */
    target: z.optional(pattern),
    /** Half-open, UTC; over midnight when `from` is the later one. */
    between: z.optional(z.strictObject({ from: timeOfDay, until: timeOfDay })),
    /** First day, UTC, on which the rule no longer counts. */
    endsOn: z.optional(z.iso.date('must be a date such as 2026-12-31')),
  })
  .check(
    z.refine(
      ({ action, actor, target }) => (action ?? actor ?? target) !== undefined,
      'must name an action, an actor or a target: time alone would expect everything',
    ),
  );

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
