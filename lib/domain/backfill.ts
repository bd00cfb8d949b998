import type { BackfillReport } from '../contract/backfill';
import type { Inflight, InstallationRecord } from './checkpoint';
import type { Dialect } from './dialect';
import type { Window, Millis } from './time';

/** A range that an operator requested, clamped and rounded. */
export interface BackfillJob extends Window {
  readonly id: string;
  readonly connector: string;
  readonly dialect: Dialect;
  /** Publishes again what was published before. */
  readonly force: boolean;
  /** Counts and publishes nothing. */
  readonly dryRun: boolean;
  /** What was clamped or rounded, for the operator. */
  readonly notes: readonly string[];
  /** Milliseconds that every slice but the last one spans. */
  readonly sliceMs: Millis;
}

/** What a job or slice has done. */
export type BackfillCounts = Pick<
  BackfillReport,
  'fetched' | 'emitted' | 'duplicates' | 'quarantined' | 'byAction' | 'bySeverity'
>;

/** How far a slice of a backfill has read. */
export interface SliceCheckpoint {
  /** Live polling's, when the invocation began. A backfill never moves it. */
  readonly watermark: Millis;
  /** Everything of the slice before it has been read. */
  readonly readTo: Millis;
  /** Intervals that Tailscale no longer kept when their turn came, in order. */
  readonly unread: readonly Window[];
  readonly inflight: Inflight | null;
  readonly counts: BackfillCounts;
}

/** A slice that has begun, as stored. */
export interface BackfillSlice {
  /** From 0. */
  readonly index: number;
  readonly counts: BackfillCounts;
  /** See SliceCheckpoint. */
  readonly unread: readonly Window[];
  readonly done: boolean;
  /** Tailscale has asked to wait until then. */
  readonly notBefore: Millis | null;
  readonly startedAt: Millis;
  /** Its last commit; null before the first. */
  readonly updatedAt: Millis | null;
}

/** Live polling's status, as a backfill reads it. */
export interface LiveStanding {
  readonly installation: InstallationRecord;
  readonly watermark: Millis;
  /** null: nothing has answered yet. */
  readonly dialect: Dialect | null;
}
