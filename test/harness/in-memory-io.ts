import type { Millis } from '../../lib/domain/time';
import type { Deadline } from '../../lib/domain/deadline';

export type Service = 'state' | 'bus' | 'archive' | 'upstream';

/** One request to a service, before it is sent. */
export interface Call {
  readonly service: Service;
  readonly name: string;
  /** What it is about, for whoever reads a trace. */
  readonly about?: string;
  /** Something is changed by it; else it only reads. */
  readonly writes: boolean;
  /** It ends what a call of the port has begun, or keeps what was done, so it may start although little time is left. */
  readonly closing?: boolean;
  /** Milliseconds it may take; the deadline may allow less. */
  readonly limitMs: Millis;
  readonly deadline: Deadline;
}

/** The service could not be reached, or its answer did not come: whether the request was applied is not known. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * Carries a request to its service and the answer back. `effect` is what the service does; it runs as one step, once, not
 * at all, or (where a client sends again because an answer was lost) twice.
 *
 * @throws NoAnswer, or what the effect throws.
 */
export type Io = <Answer>(call: Call, effect: () => Answer) => Promise<Answer>;

/** Every request arrives and is answered at once. */
export const directly: Io = (_call, effect) =>
  new Promise((resolve) => {
    resolve(effect());
  });
