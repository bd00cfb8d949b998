import * as z from 'zod/mini';
import { parseWith } from './parse';

/** A name, or the beginning of one followed by `*`. */
const pattern = z
  .string()
  .check(z.regex(/^[^*]{1,200}\*?$|^\*$/, 'must be a name, or the beginning of one followed by "*"'));

const timeOfDay = z.string().check(z.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 02:30, UTC'));

const rule = z
  .strictObject({
    /** Names the rule in the events it marks. */
    rule: z.string().check(z.regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and "-"')),
    reason: z.string().check(z.minLength(1), z.maxLength(200)),
    action: z.optional(pattern),
    /** Matches the login name or the id, not the display name, which its owner chooses. */
    actor: z.optional(pattern),
    /** Matches the id, not the name, which its owner chooses. */
    target: z.optional(pattern),
    /** Half-open, UTC; spans midnight if `from` is later than `until`. */
    between: z.optional(z.strictObject({ from: timeOfDay, until: timeOfDay })),
    /** First day, UTC, on which the rule no longer applies. */
    endsOn: z.optional(z.iso.date('must be a date such as 2026-12-31')),
  })
  .check(
    z.refine(
      ({ action, actor, target }) => (action ?? actor ?? target) !== undefined,
      'must name an action, an actor or a target: a time alone would match everything',
    ),
  );

/** A rule that marks activity as expected: CI, a scheduled rotation, a red-team test. */
export type ExpectedActivity = z.infer<typeof rule>;

/** @throws InvalidInput listing every problem. */
export function parseExpectedActivity(value: unknown, subject = 'expected activity'): readonly ExpectedActivity[] {
  return parseWith(z.array(rule), value, subject);
}
