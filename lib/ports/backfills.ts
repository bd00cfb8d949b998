import type { SliceCheckpoint, LiveStanding, BackfillJob, BackfillSlice } from '../domain/backfill';
import type { Millis, Window } from '../domain/time';
import type { Lease } from './checkpoints';
import type { Deadline } from '../domain/deadline';

/** The lease of a slice. Each commit renews it; the last commit completes the slice. */
export interface SliceLease extends Lease<SliceCheckpoint> {
  /** After a failure: releases the lease, unless another run has taken it. */
  release(): Promise<void>;
}

export type SliceAcquisition =
  | { readonly state: 'acquired'; readonly hold: SliceLease }
  | { readonly state: 'busy' | 'done' }
  /** Tailscale has asked to wait. */
  | { readonly state: 'waiting'; readonly until: Millis };

/** A connector's backfills: jobs, and a checkpoint for each slice. Live state is read, never written. */
export interface BackfillStore {
  /** undefined: the connector has never run. */
  live(): Promise<LiveStanding | undefined>;
  findJob(jobId: string): Promise<BackfillJob | undefined>;
  /** Stores a job. Returns the stored one: another invocation may have been first. */
  keepJob(job: BackfillJob): Promise<BackfillJob>;
  /** The slices of a job that have begun, in order. */
  slices(jobId: string): Promise<readonly BackfillSlice[]>;
  /** Takes a slice's lease, creating its checkpoint the first time. */
  acquire(
    jobId: string,
    slice: Window & { readonly index: number },
    live: LiveStanding,
    owner: string,
  ): Promise<SliceAcquisition>;
}

/** Every call throws ConnectorError STATE_UNAVAILABLE or STATE_INVALID. */
export type OpenBackfills = (connector: string, deadline: Deadline) => BackfillStore;
