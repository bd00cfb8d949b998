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
import type { BackfillJob, LiveStanding } from '../domain/backfill';
import type { Clock, Deadline } from '../domain/deadline';
import { DIALECTS, type Dialect } from '../domain/dialect';
import { ConnectorError, toConnectorError } from '../domain/errors';
import { HOUR, MINUTE, rfc3339, type Window } from '../domain/time';
import { publishOnExistingBus } from '../pipeline/publish';
import { createPagePublisher, type PublishingPorts } from '../pipeline/publish-page';
import { readWindow } from '../pipeline/read-window';
import type { OpenAuditLog } from '../ports/audit-log';
import type { BackfillStore, OpenBackfills, SliceLease } from '../ports/backfills';
import type { EventBus } from '../ports/event-bus';
import { clampRange, jobIdOf, parseRange } from './range';
import { invocationsOf, planOf, reportOf, slicesOf } from './report';
import { planSliceWindow, sliceReader, withinRetention } from './slice-reader';

/** What a backfill works with. */
export interface BackfillDeps extends PublishingPorts {
  readonly openBackfills: OpenBackfills;
  readonly openAuditLog: OpenAuditLog;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly newRunId: () => string;
  readonly overlapMinutes: number;
}

interface Scope {
  readonly connector: ConnectorSettings;
  readonly deps: BackfillDeps;
  readonly deadline: Deadline;
  readonly store: BackfillStore;
}

/**
 * Reads a range until it is done or time is nearly up. Asked again it continues, or reports what it has done. It reads live
 * polling's checkpoint and never writes it.
 *
 * @throws InvalidInput for an impossible range; ConnectorError LEASE_HELD, RATE_LIMITED, and what live polling throws.
 */
export async function backfill(
  connector: ConnectorSettings,
  request: BackfillRequest,
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillReport> {
  const scope = scopeOf(connector, deps, deadline);
  const job = await openJob(scope, request, null);
  const begun = await scope.store.slices(job.id);
  const done = new Set(begun.filter((slice) => slice.done).map(({ index }) => index));
  for (const { slice } of invocationsOf(job)) {
    if (done.has(slice)) continue;
    if (deadline.isNear() || !(await runSlice(scope, job, slice))) break;
  }
  return report(scope, job, null);
}

/**
 * Cuts a range into slices. A job that exists keeps its slices.
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
    await openJob(scopeOf(connector, deps, deadline), request, (request.sliceHours ?? DEFAULT_SLICE_HOURS) * HOUR),
  );
}

/**
 * Runs one slice of a plan until it is done or time is nearly up.
 *
 * @throws InvalidInput where it differs from the plan; ConnectorError LEASE_HELD while another invocation runs it.
 */
export async function backfillSlice(
  connector: ConnectorSettings,
  invocation: SliceInvocation,
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillReport> {
  const scope = scopeOf(connector, deps, deadline);
  const job = await findJob(scope, invocation.jobId);
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
  if (!deadline.isNear()) await runSlice(scope, job, slice);
  return report(scope, job, slice);
}

/** What all slices of a job have done. @throws InvalidInput for an unknown job. */
export async function reportBackfill(
  connector: ConnectorSettings,
  jobId: string,
  deps: BackfillDeps,
  deadline: Deadline,
): Promise<BackfillReport> {
  const scope = scopeOf(connector, deps, deadline);
  return report(scope, await findJob(scope, jobId), null);
}

function scopeOf(connector: ConnectorSettings, deps: BackfillDeps, deadline: Deadline): Scope {
  return { connector, deps, deadline, store: deps.openBackfills(connector.id, deadline) };
}

/** @param sliceMs null: one slice for all of it. */
async function openJob(
  { connector, deps, store }: Scope,
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
    overlapMs: deps.overlapMinutes * MINUTE,
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
    notes: hasEnd ? notes : [...notes, NO_END_NOTE(dialect)],
    sliceMs: sliceMs === null || !hasEnd ? until - from : sliceMs,
  };
  const count = slicesOf(job).length;
  if (count > MAX_SLICES)
    throw new InvalidInput('backfill', [
      `sliceHours: the range would have ${count} slices, and ${MAX_SLICES} is the limit`,
    ]);
  return store.keepJob(job);
}

const NO_END_NOTE = (dialect: Dialect): string =>
  `the ${dialect} dialect has no end parameter: the plan is one paged job, which reads from its start to now and leaves out records after its end`;

async function findJob({ connector, store }: Scope, jobId: string): Promise<BackfillJob> {
  const job = await store.findJob(jobId);
  if (job === undefined)
    throw new InvalidInput('backfill', [
      `jobId: the connector "${connector.id}" has no job "${jobId}"; ask for a plan first`,
    ]);
  return job;
}

/** Ids are made with the tailnet of the first good answer, which only live polling stores. */
async function standingOf(
  connector: ConnectorSettings,
  store: BackfillStore,
): Promise<LiveStanding & { readonly dialect: Dialect }> {
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
async function runSlice(scope: Scope, job: BackfillJob, index: number): Promise<boolean> {
  const { connector, deps, store } = scope;
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
        `Tailscale has asked to wait until ${rfc3339(acquisition.until)}; try again then`,
        { retryAfterMs: acquisition.until - deps.clock.now() },
      );
    case 'acquired':
      return readSlice(scope, job, window, acquisition.hold);
  }
}

/** @returns Whether the slice is done. */
async function readSlice(
  { connector, deps, deadline }: Scope,
  job: BackfillJob,
  slice: Window,
  lease: SliceLease,
): Promise<boolean> {
  const { clock, telemetry } = deps;
  const { force, dryRun } = job;
  const publish = publishOnExistingBus(deps.bus);
  const publisher = createPagePublisher({
    ...deps,
    connector,
    runId: job.id,
    lease,
    publish,
    deadline,
    force,
    dryRun,
  });
  const log = deps.openAuditLog(connector, job.dialect);
  const reading = { log, publisher, lease, deadline, clock, telemetry, connector: connector.id };
  let { checkpoint } = lease;
  try {
    for (;;) {
      const readable = withinRetention(checkpoint, slice, clock.now());
      const window = planSliceWindow(readable, slice, job);
      if (window === null) {
        if (readable !== checkpoint) await lease.commit(readable, { release: 'whole' });
        return true;
      }
      const reader = sliceReader(window, job, clock.now());
      const read = await readWindow(reading, readable, reader, window.until >= slice.until);
      if (read.outcome === 'interrupted') return false;
      checkpoint = read.checkpoint;
      if (checkpoint.readTo < slice.until && deadline.isNear()) {
        await lease.commit(checkpoint, { release: 'whole' });
        return false;
      }
    }
  } catch (thrown) {
    await lease.release().catch((error: unknown) => {
      const reason = toConnectorError(error).message;
      telemetry.warn('the lease of a slice could not be given back', { connector: connector.id, reason });
    });
    throw thrown;
  }
}

async function report({ deps, store }: Scope, job: BackfillJob, slice: number | null): Promise<BackfillReport> {
  const answer = reportOf(job, await store.slices(job.id), slice, deps.clock.now());
  deps.telemetry.info('backfill', { ...answer });
  return answer;
}
