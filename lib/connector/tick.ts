import type { AuditLog, Millis, Place } from './ports';
import { readWindow } from './read-window';
import type { Run } from './run';
import { liveWalk, sweepWalk } from './walk';
import { dueSweep, planSweep, planWindow, sweepDone } from './window';

/**
 * Reads window after window from a place on, until the log is read up to the start of this run; then, with time left, the sweep that is
 * due. The lease is given back with the last commit.
 *
 * @returns Whether all of it was done; if not, the next tick goes on.
 * @throws ConnectorError
 */
export async function follow(run: Run, start: Place): Promise<{ partial: boolean }> {
  const { tenure, clock, overlapMinutes, progress } = run;
  const startedAt = clock.now();
  let place = start;
  progress.dialect = place.dialect;
  const log = run.openAuditLog(run.connector, place.dialect);
  for (;;) {
    // One "now" for the whole run: a clock that is set back meanwhile must not keep the end out of reach.
    const window = planWindow(place, tenure.genesis, startedAt, overlapMinutes * 60_000);
    const upToDate = window.until >= startedAt;
    const read = await readWindow(run, log, place, liveWalk(window), upToDate && dueSweep(place, startedAt) === null);
    if (read.outcome === 'interrupted') return { partial: true };
    place = read.place;
    if (upToDate && read.outcome === 'whole') return sweep(run, log, place, startedAt);
    if (run.deadline.isNear()) return stop(run, place);
  }
}

async function sweep(run: Run, log: AuditLog, caughtUp: Place, now: Millis): Promise<{ partial: boolean }> {
  const { tenure, overlapMinutes, deadline } = run;
  let place = caughtUp;
  for (let tier = dueSweep(place, now); tier !== null; tier = dueSweep(place, now)) {
    // Sweeps have hours; live events have minutes.
    if (deadline.isNear()) return stop(run, place);
    const window = planSweep(place, tenure.genesis, tier, now, overlapMinutes * 60_000);
    if (window === null) {
      place = sweepDone(place, tier, now);
      if (dueSweep(place, now) === null) await tenure.commit(place, { release: 'whole' });
      continue;
    }
    const read = await readWindow(
      run,
      log,
      place,
      sweepWalk(tier, window),
      dueSweep(sweepDone(place, tier, window.startedAt), now) === null,
    );
    if (read.outcome === 'interrupted') return { partial: true };
    place = read.place;
  }
  return { partial: false };
}

async function stop(run: Run, place: Place): Promise<{ partial: boolean }> {
  await run.tenure.commit(place, { release: 'partial' });
  return { partial: true };
}
