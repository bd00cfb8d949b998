import type { Millis } from './time';
import type { Clock, Deadline } from '../ports/clock';

/** Milliseconds kept free at the end of a run: delivering one unit and one commit with its retries must fit. */
const MAX_RESERVE_MS = 10_000;

/** Milliseconds of the reserve that belong to the last commit alone. */
const MAX_COMMIT_MS = 4_000;

/** The reserve of a run that is given little time is this part of it, so that some of the time is left for work. */
const RESERVE_SHARE = 0.2;

/** A deadline at `endsAt`, for a run that starts now. */
export function createDeadline(clock: Clock, endsAt: Millis): Deadline {
  const remaining = () => Math.max(0, endsAt - clock.now());
  const reserveMs = Math.min(MAX_RESERVE_MS, remaining() * RESERVE_SHARE);
  const commitMs = Math.min(MAX_COMMIT_MS, reserveMs / 2);
  const untilNear = () => Math.max(0, remaining() - reserveMs);
  return { remaining, untilNear, isNear: () => untilNear() === 0, isOver: () => remaining() <= commitMs };
}
