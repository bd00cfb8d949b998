import type { BackfillPlan, BackfillReport, SliceInvocation } from '../contract/backfill';
import { NOTHING_COUNTED, sumCounts } from './slice-reader';
import type { BackfillJob, BackfillSlice } from '../domain/backfill';
import { rfc3339, type Millis, type Window } from '../domain/time';

/** The parts of a job's range, in order. They meet without a gap and do not overlap. */
export function slicesOf({ from, until, sliceMs }: BackfillJob): readonly Window[] {
  return Array.from({ length: Math.ceil((until - from) / sliceMs) }, (_, index) => ({
    from: from + index * sliceMs,
    until: Math.min(until, from + (index + 1) * sliceMs),
  }));
}

/** A job with its slices, for the state machine. */
export function planOf(job: BackfillJob): BackfillPlan {
  const { id: jobId, connector, dialect, from, until, force, dryRun, notes } = job;
  return {
    jobId,
    connector,
    dialect,
    from: rfc3339(from),
    until: rfc3339(until),
    force,
    dryRun,
    notes,
    slices: invocationsOf(job),
  };
}

export function invocationsOf(job: BackfillJob): readonly SliceInvocation[] {
  const { id: jobId, connector, force, dryRun } = job;
  return slicesOf(job).map(({ from, until }, slice) => ({
    action: 'slice',
    connector,
    jobId,
    slice,
    from: rfc3339(from),
    until: rfc3339(until),
    force,
    dryRun,
  }));
}

/** What a job has done, or one of its slices. @param begun Its slices that have begun. */
export function reportOf(
  job: BackfillJob,
  begun: readonly BackfillSlice[],
  slice: number | null,
  now: Millis,
): BackfillReport {
  const meant = begun.filter(({ index }) => slice === null || index === slice);
  const finished = new Set(meant.filter(({ done }) => done).map(({ index }) => index));
  const next =
    invocationsOf(job).find((one) => (slice === null || one.slice === slice) && !finished.has(one.slice)) ?? null;
  const range = slice === null ? job : (slicesOf(job)[slice] ?? job);
  const waits = meant.flatMap(({ notBefore }) => (notBefore !== null && notBefore > now ? [notBefore] : []));
  const unread = meant.flatMap((begunSlice) => begunSlice.unread);
  const commits = meant.flatMap(({ updatedAt }) => updatedAt ?? []);
  return {
    jobId: job.id,
    connector: job.connector,
    slice,
    from: rfc3339(range.from),
    until: rfc3339(range.until),
    dialect: job.dialect,
    dryRun: job.dryRun,
    force: job.force,
    ...(meant.length === 0 ? NOTHING_COUNTED : sumCounts(meant.map(({ counts }) => counts))),
    notes: [
      ...job.notes,
      ...unread.map(
        ({ from, until }) =>
          `${rfc3339(from)} to ${rfc3339(until)} could not be read: when its turn came, Tailscale no longer kept it`,
      ),
      ...(waits.length === 0 ? [] : [`Tailscale asks to wait until ${rfc3339(Math.max(...waits))}`]),
    ],
    done: next === null,
    next,
    startedAt: meant.length === 0 ? null : rfc3339(Math.min(...meant.map(({ startedAt }) => startedAt))),
    updatedAt: commits.length === 0 ? null : rfc3339(Math.max(...commits)),
  };
}
