import type { SliceCheckpoint, LiveStanding, BackfillJob, BackfillSlice } from '../domain/backfill';
import type { Millis, Window } from '../domain/time';
import type { Lease } from './checkpoints';
import type { Deadline } from '../domain/deadline';

/** A hold on a slice. Each commit lengthens its lease; with the last one the slice is done. */
export interface SliceLease extends Lease<SliceCheckpoint> {
  /** After a failure: gives the lease back, unless another run has taken it. */
  release(): Promise<void>;
}

export type SliceAcquisition =
  | { readonly state: 'acquired'; readonly hold: SliceLease }
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
