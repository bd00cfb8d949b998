import type { Dialect } from '../../../lib/domain/dialect';
import type { Millis, Window } from '../../../lib/domain/time';
import type { Strike } from './faults';

/** One invocation of the connector, as the system sees it. */
export interface Run {
  readonly number: number;
  readonly id: string;
  readonly startedAt: Millis;
  /** Infinity while it goes on. A crash ends it too. */
  endedAt: Millis;
  /** It was killed: its work stays half done. */
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
  reader: WindowReader | null;
  toldStateLost: boolean;
  toldGap: boolean;
  failure: string | null;
  /** Of the dialect that it asks. */
  readonly dialect: Dialect;
  /** The watermark when it began. */
  readonly watermark: Millis;
  /** Tailscale had asked to wait when it began. */
  readonly mustWait: boolean;
  /** It was given the lease, and may not know it. */
  hasLease: boolean;
  /** It knows that it has the lease. */
  isIn: boolean;
  /** Something went wrong for it; that it was killed is nothing of the kind. */
  isDisturbed: boolean;
  /** A request to the bus went wrong. */
  busLost: boolean;
  /** It could not keep what it had to announce. */
  alertsLost: boolean;
  /** A record kills it, as soon as what it does now is done. */
  isDoomed: boolean;
  /** Something came out by it, or the checkpoint moved. */
  hasMoved: boolean;
  /** What the run before it had noted and not erased, and that run's token. */
  inherited: { readonly token: number; readonly records: readonly string[] } | null;
  /** Names of the records that it works on now. */
  noted: readonly string[];
  /** It is about to quarantine them raw. */
  isSparing: boolean;
  /** Names of all records that it began to work on. */
  readonly begun: Set<string>;
  /** Of its last write under the lease; null: there was none. */
  token: number | null;
  /** Events that it published after it had lost the lease. */
  afterLoss: number;
  /** It read the log up to its own time, and swept what was due. */
  wasWhole: boolean;
}

export interface WindowReader {
  readonly window: Window;
  /** The server's time at its first answer. */
  readonly at: Millis;
  /** What the run that asked took it for; Infinity where its clock was set meanwhile. */
  readonly localAt: Millis;
}

export const isGoing = (run: Run) => run.endedAt === Infinity;

/** Whether two runs were under way at one moment. */
export const overlaps = (one: Run, other: Run) =>
  one !== other && one.startedAt <= other.endedAt && other.startedAt <= one.endedAt;
