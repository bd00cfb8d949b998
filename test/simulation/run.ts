import type { Millis, Window } from '../../lib/connector/ports';
import type { Strike } from './faults';

/** One invocation of the connector, as the world sees it. */
export interface Run {
  readonly number: number;
  readonly id: string;
  readonly startedAt: Millis;
  /** Infinity while it goes on. A crash ends it too. */
  endedAt: Millis;
  /** It ended without a word: what it was doing stays half done. */
  hasCrashed: boolean;
  /** Its clock minus the true one. */
  skewMs: Millis;
  /** Its clock was set while it ran: it may misjudge its time. */
  wasSet: boolean;
  frozenUntil: Millis;
  /** What has yet to strike it. */
  strikes: readonly Strike[];
  /** Requests without an answer. */
  pending: number;
  requests: number;
  /** Faults after which its events may be published again. */
  disturbances: number;
  /** Its last walk of the log. */
  walk: Walk | null;
  toldStateLost: boolean;
  failure: string | null;
  /** It read the log up to its own time, and swept what was due. */
  wasWhole: boolean;
}

export interface Walk {
  readonly window: Window;
  /** The server's time at its first answer. */
  readonly at: Millis;
  /** What the run that asked took it for; Infinity where its clock was set meanwhile. */
  readonly localAt: Millis;
}

export const isGoing = (run: Run) => run.endedAt === Infinity;

/** Whether two runs were under way at one moment. */
export const overlaps = (one: Run, other: Run) => one !== other && one.startedAt <= other.endedAt && other.startedAt <= one.endedAt;
