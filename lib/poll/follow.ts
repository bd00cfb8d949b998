import type { Inflight, Checkpoint } from '../domain/checkpoint';
import type { Clock, Deadline } from '../domain/deadline';
import type { Millis } from '../domain/time';
import { dueSweep, planSweep, planWindow, sweepDone } from '../pipeline/plan';
import type { WindowRead } from '../pipeline/read-window';
import type { WindowReader } from '../pipeline/window-reader';
import type { LiveLease } from '../ports/checkpoints';
import { liveReader, sweepReader } from './readers';

export interface FollowDeps {
  readonly lease: Pick<LiveLease, 'installation' | 'commit'>;
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly overlapMs: Millis;
  /** Reads a window to its end; see readWindow. */
  readonly read: <Window extends Inflight>(
    checkpoint: Checkpoint,
    reader: WindowReader<Window, Checkpoint>,
    release: boolean,
  ) => Promise<WindowRead<Checkpoint>>;
  readonly pageRead: WindowReader<never, never>['pageRead'];
}

/**
 * Reads window after window from a checkpoint on, until the log is read up to the start of this run; then, with time left,
 * the sweep that is due. The lease is given back with the last commit.
 *
 * @returns Whether anything is left for the next run.
 * @throws ConnectorError
 */
export async function follow(deps: FollowDeps, start: Checkpoint): Promise<{ readonly partial: boolean }> {
  const { lease, deadline, clock, overlapMs, read, pageRead } = deps;
  // One "now" for the whole run: a clock that is set back meanwhile must not keep the end out of reach.
  const startedAt = clock.now();
  let checkpoint = start;
  for (;;) {
    const window = planWindow(checkpoint, lease.installation, startedAt, overlapMs);
    const isLast = window.until >= startedAt;
    const result = await read(
      checkpoint,
      liveReader(window, pageRead),
      isLast && dueSweep(checkpoint, startedAt) === null,
    );
    if (result.outcome === 'interrupted') return { partial: true };
    checkpoint = result.checkpoint;
    if (isLast && result.outcome === 'whole') return sweep(deps, checkpoint, startedAt);
    if (deadline.isNear()) return stop(deps, checkpoint);
  }
}

async function sweep(deps: FollowDeps, caughtUp: Checkpoint, now: Millis): Promise<{ readonly partial: boolean }> {
  const { lease, deadline, overlapMs, read, pageRead } = deps;
  let checkpoint = caughtUp;
  for (let tier = dueSweep(checkpoint, now); tier !== null; tier = dueSweep(checkpoint, now)) {
    // Sweeps have hours; live events have minutes.
    if (deadline.isNear()) return stop(deps, checkpoint);
    const window = planSweep(checkpoint, lease.installation, tier, now, overlapMs);
    if (window === null) {
      checkpoint = sweepDone(checkpoint, tier, now);
      if (dueSweep(checkpoint, now) === null) await lease.commit(checkpoint, { release: 'whole' });
      continue;
    }
    const isLast = dueSweep(sweepDone(checkpoint, tier, window.startedAt), now) === null;
    const result = await read(checkpoint, sweepReader(tier, window, pageRead), isLast);
    if (result.outcome === 'interrupted') return { partial: true };
    checkpoint = result.checkpoint;
  }
  return { partial: false };
}

async function stop({ lease }: FollowDeps, checkpoint: Checkpoint): Promise<{ readonly partial: boolean }> {
  await lease.commit(checkpoint, { release: 'partial' });
  return { partial: true };
}
