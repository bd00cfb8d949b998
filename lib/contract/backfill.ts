import type { Dialect } from './dialects';

/** What an operator asks of a backfill. Either `from` (with or without `until`) or `last`. */
export interface BackfillRequest {
  /** May be left out where there is one connector. */
  readonly connector?: string;
  /** RFC 3339. Rounded down to the minute. */
  readonly from?: string;
  /** RFC 3339, not included. Rounded up to the minute; left out: now. Never later than where live polling reads. */
  readonly until?: string;
  /** ISO 8601 duration of weeks, days, hours and minutes, up to now: `P7D`, `PT12H`. */
  readonly last?: string;
  /** Publishes again what was published before. Default false. */
  readonly force?: boolean;
  /** Counts and publishes nothing. Default false. */
  readonly dryRun?: boolean;
  /** 1 and more: another job over the same range, where asking again would only answer the finished one's report. */
  readonly rerun?: number;
}

/** A range request as it is invoked. It runs the whole range as one slice, unless the job was planned with more of them. */
export interface RunInvocation extends BackfillRequest {
  readonly action?: 'backfill';
}

/** Cuts a range into slices that may run at once. Asked again it answers the plan that was made first. */
export interface PlanInvocation extends BackfillRequest {
  readonly action: 'plan';
  /** Whole hours a slice spans. Default DEFAULT_SLICE_HOURS. The plan may have at most MAX_SLICES. */
  readonly sliceHours?: number;
}

/** Runs one slice of a planned job, from where it stands. Exactly what the plan holds. */
export interface SliceInvocation {
  readonly action: 'slice';
  readonly connector: string;
  readonly jobId: string;
  /** From 0. */
  readonly slice: number;
  /** RFC 3339. */
  readonly from: string;
  /** RFC 3339, not included. */
  readonly until: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** A job as it was resolved when it was first asked for. */
export interface BackfillPlan {
  /** Letters, digits and hyphens. Also `ingest.runId` of every event of the job. */
  readonly jobId: string;
  readonly connector: string;
  readonly dialect: Dialect;
  /** RFC 3339, after clamping. */
  readonly from: string;
  /** RFC 3339, after clamping; not included. */
  readonly until: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** What was clamped or rounded; for the audit dialect, why there is only one slice. */
  readonly notes: readonly string[];
  /** At least one; they meet without a gap. */
  readonly slices: readonly SliceInvocation[];
}

/** What a slice, or a whole job, has done so far: totals over all of its invocations. */
export interface BackfillReport {
  readonly jobId: string;
  readonly connector: string;
  /** null: all slices of the job together. */
  readonly slice: number | null;
  /** RFC 3339. */
  readonly from: string;
  /** RFC 3339, not included. */
  readonly until: string;
  readonly dialect: Dialect;
  readonly dryRun: boolean;
  readonly force: boolean;
  /** Records read. In the audit dialect also those after `until`, which has no part in its requests. */
  readonly fetched: number;
  /** Events the bus accepted, policy diffs included. 0 in a dry run. */
  readonly emitted: number;
  /** Events left out because they are among what was published, by whichever run. */
  readonly duplicates: number;
  /** Events put aside: the bus refused them, or their record could not be read (those are on the bus too). */
  readonly quarantined: number;
  /** Events emitted, or in a dry run those that would have been, by action. Policy diffs count as `POLICY_DIFF`. */
  readonly byAction: Readonly<Record<string, number>>;
  /** The same events by severity. */
  readonly bySeverity: Readonly<Record<string, number>>;
  /** The plan's, and what stands in the way at the moment. */
  readonly notes: readonly string[];
  readonly done: boolean;
  /** What to invoke to go on; null when it is done. */
  readonly next: SliceInvocation | null;
  /** RFC 3339: when its first invocation began; null before that. */
  readonly startedAt: string | null;
  /** RFC 3339: its last commit; null before the first. */
  readonly updatedAt: string | null;
}

/** What `byAction` calls the policy diff beside a policy change. */
export const POLICY_DIFF = 'policy diff';

/** What `byAction` calls actions beyond the ones it has room for. */
export const OTHER_ACTIONS = 'other actions';

/**
 * Names of the errors an invocation ends with, as Lambda reports them in `errorType`. Beside these there is `InvalidInput`:
 * the request is wrong, and trying it again does not help.
 */
export const BACKFILL_ERROR = {
  /** Another invocation runs this slice, or one was killed less than BACKFILL_LEASE_SECONDS ago. Try again later. */
  busy: 'BackfillBusy',
  /** Tailscale has asked this slice to wait, and the wait is not over. Try again later. */
  waiting: 'BackfillWaiting',
  /** Everything else. What was done is kept; trying again goes on from there. */
  failed: 'BackfillFailed',
} as const;

/** Seconds without a commit after which another invocation may take a slice over; a commit follows every page. */
export const BACKFILL_LEASE_SECONDS = 180;

/** Hours. */
export const DEFAULT_SLICE_HOURS = 24;

/** Hours. Longer than anything that can be asked for. */
export const MAX_SLICE_HOURS = 24 * 92;

/** A plan must fit into the 256 KiB that Step Functions passes between states. AWS quota page, read 2026-11. */
export const MAX_SLICES = 500;
