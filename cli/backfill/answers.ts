import * as z from 'zod/mini';
import { backfillPlan, backfillReport, sliceInvocation } from '../../lib/contract/backfill';
import { parseWith } from '../../lib/contract/parse';

const jobReport = z.omit(backfillReport, { slice: true, next: true });
const failedSlice = z.pick(sliceInvocation, { from: true, until: true });
const lambdaError = z.object({ errorMessage: z.string() });

export type Report = z.infer<typeof jobReport>;

/** @throws InvalidInput for any other shape. */
export const parsePlan = (answer: unknown) => parseWith(backfillPlan, answer, 'plan of the backfill');

/** @throws InvalidInput for any other shape. */
export const parseReport = (answer: unknown): Report => parseWith(jobReport, answer, 'report of the backfill');

/** Range of a failed slice, from the input of its execution; null for any other input. */
export const sliceOf = (input: unknown) => z.safeParse(failedSlice, input).data ?? null;

/** The function's error message, from the cause that Step Functions reports. */
export function messageIn(cause: string): string {
  try {
    return z.parse(lambdaError, JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
}
