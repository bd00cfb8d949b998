import { ConnectorError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import type { Millis } from '../../domain/time';
import type { Deadline } from '../../domain/deadline';
import { causeCode, unreachable } from './unreachable';

/** A failure that may pass by itself, so that another try is worth it. */
export class Transient extends ConnectorError {}

/** An answer that was not read to its end because it takes too much. A smaller one may be within the limits. */
export class Unfinished extends ConnectorError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly url: URL,
  ) {
    super(code, message);
  }

  /** Upstream took longer than one request may. */
  get isSlow(): boolean {
    return this.code === 'UPSTREAM_UNREACHABLE';
  }
}

const RUN_IS_OVER =
  'the time of this run was over before Tailscale had answered; the next run goes on from the same place';

/** The run's own time is over; upstream may be well. */
export function outOfTime(): ConnectorError {
  return new ConnectorError('OUT_OF_TIME', RUN_IS_OVER);
}

/**
 * How long one answer is waited for: headers and all chunks of the body together, without the time that the reader takes
 * in between, and never into the run's reserve.
 */
export class WaitLimit {
  readonly #controller = new AbortController();
  #waitedMs = 0;
  #isAsked = false;
  #expired: Unfinished | null = null;

  /** @param timeoutMs Milliseconds of waiting for one answer. */
  constructor(
    private readonly url: URL,
    private readonly timeoutMs: Millis,
    private readonly deadline: Deadline,
  ) {}

  /** Aborts the request when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** @throws Unfinished when the time is over; OUT_OF_TIME when it was over before anything was sent; Transient when the network failed. */
  async wait<Result>(work: () => Promise<Result>): Promise<Result> {
    const runMs = this.deadline.untilNear();
    if (runMs <= 0 && !this.#isAsked) throw outOfTime();
    this.#isAsked = true;
    const answerMs = this.timeoutMs - this.#waitedMs;
    const allowedMs = Math.min(runMs, answerMs);
    const isRunOver = runMs < answerMs;
    if (allowedMs <= 0) throw this.#expire(isRunOver);
    const timer = setTimeout(() => this.#expire(isRunOver), Math.ceil(allowedMs));
    // The clock that never jumps: this is about how long something took, not when it was.
    const beganAt = performance.now();
    try {
      return await work();
    } catch (error) {
      throw this.#expired ?? new Transient('UPSTREAM_UNREACHABLE', unreachable(this.url, causeCode(error)));
    } finally {
      clearTimeout(timer);
      this.#waitedMs += performance.now() - beganAt;
    }
  }

  #expire(isRunOver: boolean): Unfinished {
    this.#expired = isRunOver
      ? new Unfinished('OUT_OF_TIME', RUN_IS_OVER, this.url)
      : new Unfinished(
          'UPSTREAM_UNREACHABLE',
          unreachable(this.url, `no whole answer within ${this.timeoutMs / 1000} s`),
          this.url,
        );
    this.#controller.abort();
    return this.#expired;
  }
}
