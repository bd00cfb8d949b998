import type { Place } from '../domain/checkpoint';
import type { Millis } from '../domain/time';
import type { AuditLog } from '../ports/audit-log';
import { readWindow } from '../pipeline/read-window';
import type { Run } from '../pipeline/run';
import { liveReader, sweepReader } from '../pipeline/window-reader';
import { dueSweep, planSweep, planWindow, sweepDone } from '../pipeline/plan';

/**
 * Reads window after window from a place on, until the log is read up to the start of this run; then, with time left, the sweep that is
 * due. The lease is given back with the last commit.
 *
 * @returns Whether all of it was done; if not, the next tick goes on.
 * @throws ConnectorError
 */
export async function follow(run: Run, start: Place): Promise<{ partial: boolean }> {
  const { lease, clock, overlapMinutes, progress } = run;
  const startedAt = clock.now();
  let checkpoint = start;
  progress.dialect = checkpoint.dialect;
  const log = run.openAuditLog(run.connector, checkpoint.dialect);
  for (;;) {
    // One "now" for the whole run: a clock that is set back meanwhile must not keep the end out of reach.
    const window = planWindow(checkpoint, lease.installation, startedAt, overlapMinutes * 60_000);
    const upToDate = window.until >= startedAt;
    const read = await readWindow(
      run,
      log,
      checkpoint,
      liveReader(window),
      upToDate && dueSweep(checkpoint, startedAt) === null,
    );
    if (read.outcome === 'interrupted') return { partial: true };
    checkpoint = read.checkpoint;
    if (upToDate && read.outcome === 'whole') return sweep(run, log, checkpoint, startedAt);
    if (run.deadline.isNear()) return stop(run, checkpoint);
  }
}

async function sweep(run: Run, log: AuditLog, caughtUp: Place, now: Millis): Promise<{ partial: boolean }> {
  const { lease, overlapMinutes, deadline } = run;
  let checkpoint = caughtUp;
  for (let tier = dueSweep(checkpoint, now); tier !== null; tier = dueSweep(checkpoint, now)) {
    // Sweeps have hours; live events have minutes.
    if (deadline.isNear()) return stop(run, checkpoint);
    const window = planSweep(checkpoint, lease.installation, tier, now, overlapMinutes * 60_000);
    if (window === null) {
      checkpoint = sweepDone(checkpoint, tier, now);
      if (dueSweep(checkpoint, now) === null) await lease.commit(checkpoint, { release: 'whole' });
      continue;
    }
    const read = await readWindow(
      run,
      log,
      checkpoint,
      sweepReader(tier, window),
      dueSweep(sweepDone(checkpoint, tier, window.startedAt), now) === null,
    );
    if (read.outcome === 'interrupted') return { partial: true };
    checkpoint = read.checkpoint;
  }
  return { partial: false };
}

async function stop(run: Run, checkpoint: Place): Promise<{ partial: boolean }> {
  await run.lease.commit(checkpoint, { release: 'partial' });
  return { partial: true };
}
