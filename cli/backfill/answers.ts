import * as z from 'zod/mini';
import type { BackfillPlan, BackfillReport } from '../../lib/contract/backfill';
import { DIALECT_NAMES } from '../../lib/contract/dialects';
import { parseWith } from '../../lib/contract/parse';
import { parseTimestamp } from '../../lib/domain/time';
import type { Millis } from '../../lib/domain/time';

const count = z.int().check(z.nonnegative());
const instant = z.string().check(z.refine((text) => parseTimestamp(text) !== null, 'must be an RFC 3339 time'));
const dialect = z.enum(DIALECT_NAMES);
const counts = z.record(z.string(), count);

/** What of a slice matters here; the rest is passed over, so that an older command reads a newer function. */
const slice = z.object({ slice: count, from: instant, until: instant });
const plan = z.object({
  jobId: z.string(),
  connector: z.string(),
  dialect,
  from: instant,
  until: instant,
  force: z.boolean(),
  dryRun: z.boolean(),
  notes: z.array(z.string()),
  slices: z.array(slice).check(z.minLength(1)),
});
const report = z.object({
  jobId: z.string(),
  connector: z.string(),
  from: instant,
  until: instant,
  dialect,
  dryRun: z.boolean(),
  force: z.boolean(),
  fetched: count,
  emitted: count,
  duplicates: count,
  quarantined: count,
  byAction: counts,
  bySeverity: counts,
  notes: z.array(z.string()),
  done: z.boolean(),
  startedAt: z.nullable(instant),
  updatedAt: z.nullable(instant),
});

export type Slice = Pick<BackfillPlan['slices'][number], 'slice' | 'from' | 'until'>;
export type Plan = Omit<BackfillPlan, 'slices'> & { readonly slices: readonly Slice[] };
export type Report = Omit<BackfillReport, 'slice' | 'next'>;

/** @throws InvalidInput where it is none. */
export const parsePlan = (answer: unknown): Plan => parseWith(plan, answer, 'plan of the backfill');

/** @throws InvalidInput where it is none. */
export const parseReport = (answer: unknown): Report => parseWith(report, answer, 'report of the backfill');

/** A failed slice's range, if what it was started with says so. */
export function sliceOf(input: unknown): Slice | null {
  const read = z.safeParse(slice, input);
  return read.success ? read.data : null;
}

const lambdaError = z.object({ errorMessage: z.string() });

/** What the function said, out of what Step Functions passes on of it. */
export function messageIn(cause: string): string {
  try {
    return z.parse(lambdaError, JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
}

/** Of a time that was parsed above. */
export const millisOf = (text: string): Millis => parseTimestamp(text) ?? 0;
