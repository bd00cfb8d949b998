import {
  DEFAULT_SLICE_HOURS,
  MAX_SLICES,
  type BackfillPlan,
  type BackfillReport,
  type BackfillRequest,
  type SliceInvocation,
} from '../contract/backfill';
import { InvalidInput } from '../contract/parse';
import type { ConnectorSettings } from '../contract/settings';
import { clampRange, jobIdOf, parseRange } from './range';
import { invocationsOf, planOf, reportOf, slicesOf } from './report';
import { createBackfillRun } from './slice-run';
import { sliceReader, planBackfillWindow, withinRetention } from './slice-reader';
import { ConnectorError, toConnectorError } from '../domain/errors';
import type { BackfillJob, LiveStanding } from '../domain/backfill';
import { DIALECTS, type Dialect } from '../domain/dialect';
import type { SliceLease, BackfillStore, OpenBackfills } from '../ports/backfills';
import { HOUR, type Window } from '../domain/time';
import type { Deadline } from '../domain/deadline';
import { readWindow } from '../pipeline/read-window';
import type { PollDeps } from '../pipeline/run';

/** What a backfill works with. */
export interface BackfillDeps extends Omit<PollDeps, 'state' | 'outages'> {
  readonly openBackfills: OpenBackfills;
}

interface Asked {
  readonly connector: ConnectorSettings;
  readonly deps: BackfillDeps;
  readonly deadline: Deadline;
  readonly store: BackfillStore;
}

/**
 * Runs a range until it is done or time is nearly up. Asked again it goes on, or answers what it has done. Live polling is
 * read and never written.
 *
 * @throws InvalidInput for a range that cannot be; ConnectorError LEASE_HELD, RATE_LIMITED, and what live polling throws.
 */
export async function backfill(
  connector: ConnectorSettings,
  request: BackfillRequest,
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillReport> {
  const asked = ask(connector, deps, deadline);
  const job = await openJob(asked, request, null);
  const begun = await asked.store.slices(job.id);
  const done = new Set(begun.filter((slice) => slice.done).map(({ index }) => index));
  for (const { slice } of invocationsOf(job)) {
    if (done.has(slice)) continue;
    if (deadline.isNear() || !(await runSlice(asked, job, slice))) break;
  }
  return report(asked, job, null);
}

/**
 * Cuts a range into slices. A job that is there already keeps its own.
 *
 * @throws InvalidInput, ConnectorError.
 */
export async function planBackfill(
  connector: ConnectorSettings,
  request: BackfillRequest & { readonly sliceHours?: number },
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillPlan> {
  return planOf(
    await openJob(ask(connector, deps, deadline), request, (request.sliceHours ?? DEFAULT_SLICE_HOURS) * HOUR),
  );
}

/**
 * Runs one slice of a plan until it is done or time is nearly up.
 *
 * @throws InvalidInput where it is not the plan's; ConnectorError LEASE_HELD while another invocation runs it.
 */
export async function backfillSlice(
  connector: ConnectorSettings,
  invocation: SliceInvocation,
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillReport> {
  const asked = ask(connector, deps, deadline);
  const job = await findJob(asked, invocation.jobId);
  const { slice } = invocation;
  const planned = invocationsOf(job)[slice];
  if (planned === undefined)
    throw new InvalidInput('backfill', [`slice: the job has ${invocationsOf(job).length}, counted from 0`]);
  for (const field of ['from', 'until', 'force', 'dryRun'] as const) {
    if (planned[field] !== invocation[field])
      throw new InvalidInput('backfill', [
        `${field}: the plan says ${String(planned[field])}; invoke a slice as the plan has it`,
      ]);
  }
  if (!deadline.isNear()) await runSlice(asked, job, slice);
  return report(asked, job, slice);
}

/** What all slices of a job have done. @throws InvalidInput where there is no such job. */
export async function reportBackfill(
  connector: ConnectorSettings,
  jobId: string,
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillReport> {
  const asked = ask(connector, deps, deadline);
  return report(asked, await findJob(asked, jobId), null);
}

function ask(connector: ConnectorSettings, deps: BackfillDeps, deadline: Deadline): Asked {
  return { connector, deps, deadline, store: deps.openBackfills(connector.id, deadline) };
}

/** @param sliceMs null: one slice for all of it. */
async function openJob(
  { connector, deps, store }: Asked,
  request: BackfillRequest,
  sliceMs: number | null,
): Promise<BackfillJob> {
  const now = deps.clock.now();
  const asked = parseRange(request, now);
  const id = jobIdOf(connector.id, asked, request);
  const found = await store.findJob(id);
  if (found !== undefined) return found;

  const live = await standingOf(connector, store);
  const { from, until, notes } = clampRange(asked, {
    now,
    watermark: live.watermark,
    startFrom: live.installation.startFrom,
    overlapMs: deps.overlapMinutes * 60_000,
  });
  const { force = false, dryRun = false } = request;
  const dialect = connector.dialect === 'auto' ? live.dialect : connector.dialect;
  const { hasEnd } = DIALECTS[dialect];
  const job: BackfillJob = {
    id,
    connector: connector.id,
    dialect,
    from,
    until,
    force,
    dryRun,
    notes: [...notes, ...(hasEnd ? [] : [noEndNote(dialect)])],
    sliceMs: hasEnd && sliceMs !== null ? sliceMs : until - from,
  };
  const count = slicesOf(job).length;
  if (count > MAX_SLICES)
    throw new InvalidInput('backfill', [
      `sliceHours: the range would have ${count} slices, and ${MAX_SLICES} is the limit`,
    ]);
  return store.keepJob(job);
}

const noEndNote = (dialect: Dialect) =>
  `the ${dialect} dialect has no end parameter: the plan is one paged job, which reads from its start to now and leaves out what is not before its end`;

async function findJob({ connector, store }: Asked, jobId: string): Promise<BackfillJob> {
  const job = await store.findJob(jobId);
  if (job === undefined)
    throw new InvalidInput('backfill', [
      `jobId: the connector "${connector.id}" has no job "${jobId}"; ask for a plan first`,
    ]);
  return job;
}

/** Ids are made with what the first good answer said of the tailnet, and only live polling may fix that. */
async function standingOf(
  connector: ConnectorSettings,
  store: BackfillStore,
): Promise<LiveStanding & { readonly dialect: NonNullable<LiveStanding['dialect']> }> {
  const live = await store.live();
  const dialect = live?.dialect ?? (connector.dialect === 'auto' ? null : connector.dialect);
  if (live === undefined || dialect === null || live.installation.tailnetKey === null) {
    throw new InvalidInput('backfill', [
      `connector: "${connector.id}" has not read its log yet; wait for its first poll that succeeds`,
    ]);
  }
  if (connector.dialect !== 'auto' && live.dialect !== null && live.dialect !== connector.dialect) {
    throw new InvalidInput('backfill', [
      `connector: "${connector.id}" was set to the dialect ${connector.dialect}, and live polling has only read ${live.dialect} so far, under other ids; wait for its next poll that succeeds`,
    ]);
  }
  return { ...live, dialect };
}

/** @returns Whether the slice is done. */
async function runSlice(asked: Asked, job: BackfillJob, index: number): Promise<boolean> {
  const { connector, deps, store } = asked;
  const window = slicesOf(job)[index];
  if (window === undefined) throw new RangeError(`the job ${job.id} has no slice ${index}`);
  const live = await standingOf(connector, store);
  if (job.dialect !== live.dialect)
    throw new InvalidInput('backfill', [
      `jobId: the job was planned in the dialect ${job.dialect}, and the connector reads ${live.dialect} now; ask for the range again with another rerun`,
    ]);
  const acquisition = await store.acquire(job.id, { ...window, index }, live, deps.newRunId());
  switch (acquisition.state) {
    case 'done':
      return true;
    case 'busy':
      throw new ConnectorError(
        'LEASE_HELD',
        `slice ${index} of the job ${job.id} is run by another invocation, or one was killed minutes ago; try again in some minutes, or ask for its report`,
      );
    case 'waiting':
      throw new ConnectorError(
        'RATE_LIMITED',
        `Tailscale has asked to wait until ${new Date(acquisition.until).toISOString()}; try again then`,
        { retryAfterMs: acquisition.until - deps.clock.now() },
      );
    case 'acquired':
      return readSlice(asked, job, window, acquisition.hold);
  }
}

async function readSlice(
  { connector, deps, deadline }: Asked,
  job: BackfillJob,
  slice: Window,
  hold: SliceLease,
): Promise<boolean> {
  const run = createBackfillRun(job, connector, hold, deps, deadline);
  const log = deps.openAuditLog(connector, job.dialect);
  let { checkpoint } = hold;
  try {
    for (;;) {
      const readable = withinRetention(checkpoint, slice, deps.clock.now());
      const window = planBackfillWindow(readable, slice, job);
      if (window === null) {
        if (readable !== checkpoint) await hold.commit(readable, { release: 'whole' });
        return true;
      }
      checkpoint = readable;
      const reader = sliceReader(window, job, deps.clock.now());
      const read = await readWindow(run, log, checkpoint, reader, window.until >= slice.until);
      if (read.outcome === 'interrupted') return false;
      checkpoint = read.checkpoint;
      if (checkpoint.readTo < slice.until && deadline.isNear()) {
        await hold.commit(checkpoint, { release: 'whole' });
        return false;
      }
    }
  } catch (thrown) {
    await hold.release().catch((error: unknown) => {
      deps.telemetry.warn('the lease of a slice could not be given back', {
        connector: connector.id,
        reason: toConnectorError(error).message,
      });
    });
    throw thrown;
  }
}

async function report({ deps, store }: Asked, job: BackfillJob, slice: number | null): Promise<BackfillReport> {
  const answer = reportOf(job, await store.slices(job.id), slice, deps.clock.now());
  deps.telemetry.info('backfill', { ...answer });
  return answer;
}
