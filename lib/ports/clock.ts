import type { Millis } from '../domain/time';

export interface Clock {
  now(): Millis;
}

/** How long this run may go on. Its last part is a reserve, kept to deliver what is ready and for the last commit. */
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
