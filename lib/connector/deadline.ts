import type { Clock, Deadline, Millis } from './ports';

/** Milliseconds kept free at the end of a run: one commit with its retries must fit. */
const RESERVE_MS = 10_000;

/** A deadline at `endsAt`. It is near once only the reserve for the last writes is left. */
export function createDeadline(clock: Clock, endsAt: Millis): Deadline {
  const remaining = () => Math.max(0, endsAt - clock.now());
  return { remaining, isNear: () => remaining() <= RESERVE_MS };
}
