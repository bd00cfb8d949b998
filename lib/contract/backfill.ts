import { DIALECT_NAMES } from './dialects';
import * as z from 'zod/mini';

/** Hours a slice spans unless the request says otherwise. */
export const DEFAULT_SLICE_HOURS = 24;

/** Hours. Longer than any range that a request can name. */
export const MAX_SLICE_HOURS = 24 * 92;

/** A plan must fit into the 256 KiB that Step Functions passes between states. AWS quota page, read 2026-11. */
export const MAX_SLICES = 500;

/** Slices that run at once. Low, because Tailscale documents no rate limit for its audit log. */
export const DEFAULT_CONCURRENCY = 4;

/** More would only be rate limited by Tailscale; and Step Functions reads 0 as unlimited. */
export const MAX_CONCURRENCY = 40;

/** Seconds without a commit after which another invocation may take over a slice; a commit follows every page. */
export const BACKFILL_LEASE_SECONDS = 180;

/** What `byAction` calls the policy diff that accompanies a policy change. */
export const POLICY_DIFF = 'policy diff';

/** What `byAction` calls the actions beyond its maximum number of entries. */
export const OTHER_ACTIONS = 'other actions';

/**
 * Names of the errors an invocation ends with, as Lambda reports them in `errorType`; besides these, `InvalidInput` for a
 * wrong request, which no retry helps.
 */
export const BACKFILL_ERROR = {
  /** Another invocation runs this slice, or one was killed less than BACKFILL_LEASE_SECONDS ago. Retry later. */
  busy: 'BackfillBusy',
  /** Tailscale rate limited this slice until a time that has not come. Retry later. */
  waiting: 'BackfillWaiting',
  /** Any other error. Committed work is kept; a retry continues from there. */
  failed: 'BackfillFailed',
} as const;

/** States of the backfill workflow that the command and the tests look up in an execution's history. */
export const BACKFILL_STATE = {
  plan: 'Plan the range',
  slices: 'Run the slices',
  slice: 'Run a slice',
  report: 'Report',
} as const;

const count = z.int().check(z.nonnegative());
const text = z.string().check(z.maxLength(64));
const instant = text.check(z.refine((value) => !Number.isNaN(Date.parse(value)), 'must be an RFC 3339 time'));
const dialect = z.enum(DIALECT_NAMES);
const connector = z.exactOptional(z.string());

/** Also `ingest.runId` of every event of the job. */
const jobId = z.string().check(z.regex(/^bf-[0-9a-f]{32}$/, 'must be a job id, as in an answer of the function'));

/** A range that an operator requests: either `from` (with or without `until`) or `last`. */
const request = {
  /** May be omitted if there is only one connector. */
  connector,
  /** RFC 3339. Rounded down to the minute. */
  from: z.exactOptional(text),
  /** RFC 3339, not included. Rounded up to the minute. Default: now. Cut to the time from which live polling reads. */
  until: z.exactOptional(text),
  /** ISO 8601 duration of weeks, days, hours and minutes, ending now: `P7D`, `PT12H`. */
  last: z.exactOptional(text),
  /** Publishes also events that are already published. Default false. */
  force: z.exactOptional(z.boolean()),
  /** Counts events without publishing them. Default false. */
  dryRun: z.exactOptional(z.boolean()),
  /** 1 or more: makes a new job over a range whose job is done. */
  rerun: z.exactOptional(z.int().check(z.minimum(1), z.maximum(1_000_000))),
};

/** Runs the whole range as one slice, unless the job was planned with more of them. */
export const runInvocation = z.strictObject({ action: z.exactOptional(z.literal('backfill')), ...request });

/** Cuts a range into slices that may run at once. The same request again returns the first plan. */
export const planInvocation = z.strictObject({
  action: z.literal('plan'),
  ...request,
  /** Whole hours a slice spans. Default DEFAULT_SLICE_HOURS. */
  sliceHours: z.exactOptional(z.int().check(z.minimum(1), z.maximum(MAX_SLICE_HOURS))),
});

export const reportInvocation = z.strictObject({ action: z.literal('report'), connector, jobId });

/** Runs one slice of a planned job from its checkpoint. A field that an older version does not know is ignored. */
export const sliceInvocation = z.object({
  action: z.literal('slice'),
  connector: z.string(),
  jobId,
  /** From 0. */
  slice: count,
  from: instant,
  /** Not included. */
  until: instant,
  force: z.boolean(),
  dryRun: z.boolean(),
});

/** A job as it was first planned. */
const job = {
  jobId,
  connector: z.string(),
  dialect,
  /** After clamping. */
  from: instant,
  /** After clamping; not included. */
  until: instant,
  force: z.boolean(),
  dryRun: z.boolean(),
  /** What was clamped or rounded; in a report also what currently blocks the job. */
  notes: z.readonly(z.array(z.string())),
};

/** The slices follow each other without a gap. */
export const backfillPlan = z.object({
  ...job,
  slices: z.readonly(z.array(sliceInvocation).check(z.minLength(1))),
});

const countsByName = z.readonly(z.record(z.string(), count));

/** Totals over all invocations so far of a slice or a job. */
export const backfillCounts = z.object({
  /** Records read. In the audit dialect also those after `until`, which its requests cannot exclude. */
  fetched: count,
  /** Events that EventBridge accepted, policy diffs included. 0 in a dry run. */
  emitted: count,
  /** Events left out because an earlier run had published them. */
  duplicates: count,
  /** Events that EventBridge rejected, and unparsed records (which are also published). */
  quarantined: count,
  /** Events emitted, in a dry run those that would be, by action. Policy diffs count as POLICY_DIFF. */
  byAction: countsByName,
  /** The same events by severity. */
  bySeverity: countsByName,
});

/** What a slice or a whole job has done so far. */
export const backfillReport = z.object({
  ...job,
  /** null: all slices of the job together. */
  slice: z.nullable(count),
  ...backfillCounts.shape,
  done: z.boolean(),
  /** The invocation that continues the work; null when it is done. */
  next: z.nullable(sliceInvocation),
  /** Start of the first invocation; null before it. */
  startedAt: z.nullable(instant),
  /** Time of the last commit; null before the first. */
  updatedAt: z.nullable(instant),
});

export type RunInvocation = Readonly<z.infer<typeof runInvocation>>;
export type BackfillRequest = Omit<RunInvocation, 'action'>;
export type SliceInvocation = Readonly<z.infer<typeof sliceInvocation>>;
export type BackfillPlan = Readonly<z.infer<typeof backfillPlan>>;
export type BackfillCounts = Readonly<z.infer<typeof backfillCounts>>;
export type BackfillReport = Readonly<z.infer<typeof backfillReport>>;
