import type { BackfillReport } from '../contract/backfill';
import type { Deadline, Dialect, Genesis, Hold, Inflight, Millis, Window } from './ports';

/** A range that an operator asked for, as it was resolved. */
export interface BackfillJob extends Window {
  readonly id: string;
  readonly connector: string;
  readonly dialect: Dialect;
  /** Publishes again what was published before. */
  readonly force: boolean;
  /** Counts and publishes nothing. */
  readonly dryRun: boolean;
  /** What was clamped or rounded, in the operator's words. */
  readonly notes: readonly string[];
  /** Milliseconds that every slice but the last one spans. */
  readonly sliceMs: Millis;
}

/** What was done so far. */
export type BackfillCounts = Pick<
  BackfillReport,
  'fetched' | 'emitted' | 'duplicates' | 'quarantined' | 'byAction' | 'bySeverity'
>;

/** Where a slice of a backfill is. */
export interface BackfillPlace {
  /** Live polling's, when the invocation began. A backfill never moves it. */
  readonly watermark: Millis;
  /** Everything of the slice before it has been read. */
  readonly readTo: Millis;
  /** What was too old to be read when its turn came, in order. */
  readonly unread: readonly Window[];
  readonly inflight: Inflight | null;
  readonly counts: BackfillCounts;
}

/** What was kept of a slice that was begun. */
export interface BackfillSlice {
  /** From 0. */
  readonly index: number;
  readonly counts: BackfillCounts;
  /** See BackfillPlace. */
  readonly unread: readonly Window[];
  readonly done: boolean;
  /** Tailscale has asked to wait until then. */
  readonly notBefore: Millis | null;
  readonly startedAt: Millis;
  /** Its last commit; null before the first. */
  readonly updatedAt: Millis | null;
}

/** Where live polling stands, as a backfill reads it. */
export interface LiveStanding {
  readonly genesis: Genesis;
  readonly watermark: Millis;
  /** null: nothing has answered yet. */
  readonly dialect: Dialect | null;
}

/** A hold on a slice. Each commit lengthens its lease; with the last one the slice is done. */
export interface BackfillHold extends Hold<BackfillPlace> {
  /** After a failure: gives the lease back, unless another run has taken it. */
  release(): Promise<void>;
}

export type SliceAcquisition =
  | { readonly state: 'acquired'; readonly hold: BackfillHold }
  | { readonly state: 'busy' | 'done' }
  /** Tailscale has asked to wait. */
  | { readonly state: 'waiting'; readonly until: Millis };

/** A connector's backfills: jobs and places of their own beside live state, of which they write nothing. */
export interface BackfillStore {
  /** undefined: the connector has never run. */
  live(): Promise<LiveStanding | undefined>;
  findJob(jobId: string): Promise<BackfillJob | undefined>;
  /** Keeps a job. Answers the one that is kept: another invocation may have been first. */
  keepJob(job: BackfillJob): Promise<BackfillJob>;
  /** The slices of a job that were begun, in order. */
  slices(jobId: string): Promise<readonly BackfillSlice[]>;
  /** Takes a slice's lease, creating its place the first time. */
  acquire(
    jobId: string,
    slice: Window & { readonly index: number },
    live: LiveStanding,
    owner: string,
  ): Promise<SliceAcquisition>;
}

/** All of it throws ConnectorError STATE_UNAVAILABLE or STATE_INVALID. */
export type OpenBackfills = (connector: string, deadline: Deadline) => BackfillStore;
