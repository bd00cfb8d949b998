import type { Millis } from './time';

export interface Clock {
  now(): Millis;
}

/** How long a run may go on. Its last part is a reserve, kept to deliver what is ready and for the last commit. */
export interface Deadline {
  /** Milliseconds until calls must have ended; never negative. */
  remaining(): Millis;
  /** Milliseconds until the reserve begins; 0 inside it. No request to Tailscale or to Secrets Manager may last longer. */
  untilNear(): Millis;
  /** The reserve has begun: no new work starts, what is ready is still delivered. */
  isNear(): boolean;
  /** Only the last commit still fits. */
  isOver(): boolean;
}

/** Milliseconds kept free at the end of a run: delivering one unit and one commit with its retries must fit. */
const MAX_RESERVE_MS = 10_000;

/** Milliseconds of the reserve that belong to the last commit alone. */
const COMMIT_MS = 4_000;

/** The reserve of a run that has little time is this part of it, so that some of the time is left for work. */
const RESERVE_SHARE = 0.2;

/** A deadline at `endsAt`, for a run that starts now. */
export function createDeadline(clock: Clock, endsAt: Millis): Deadline {
  const remaining = () => Math.max(0, endsAt - clock.now());
  const reserveMs = Math.min(MAX_RESERVE_MS, remaining() * RESERVE_SHARE);
  const commitMs = Math.min(COMMIT_MS, reserveMs / 2);
  const untilNear = () => Math.max(0, remaining() - reserveMs);
  return { remaining, untilNear, isNear: () => untilNear() === 0, isOver: () => remaining() <= commitMs };
}

/** Milliseconds that a call may take: at most `atMost`, and the last commit keeps its time, or half of the rest. */
export function callMs(deadline: Deadline, atMost: Millis): Millis {
  const remaining = deadline.remaining();
  return Math.max(1, Math.floor(Math.min(atMost, remaining - Math.min(COMMIT_MS, remaining / 2))));
}

/** Options of an AWS SDK call that end it after `callMs`. */
export function abortAfter(deadline: Deadline, atMost: Millis): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(callMs(deadline, atMost)) };
}
