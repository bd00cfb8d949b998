import type { Millis } from './time';
import type { Deadline } from '../ports/clock';

/** Milliseconds that a call leaves for the last commit. */
const COMMIT_MS = 4_000;

/** Milliseconds that a call may take: at most `atMost`, and the last commit keeps its time, or half of what is left. */
export function callMs(deadline: Deadline, atMost: Millis): Millis {
  const remaining = deadline.remaining();
  return Math.max(1, Math.floor(Math.min(atMost, remaining - Math.min(COMMIT_MS, remaining / 2))));
}
