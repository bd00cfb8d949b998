import { isNativeError } from 'node:util/types';
import { ConnectorError } from '../../domain/errors';
import type { Deadline } from '../../domain/deadline';
import type { Millis } from '../../domain/time';

/** A failure that may pass by itself, so that another try is worth it. */
export class Transient extends ConnectorError {}

/** An answer was not read to its end because it takes too much time or memory. A smaller one may be within the limits. */
export class Unfinished extends ConnectorError {
  /** Tailscale took longer than one request may. */
  get isSlow(): boolean {
    return this.code === 'UPSTREAM_UNREACHABLE';
  }
}

const RUN_ENDED = "the run's time ended before Tailscale had answered; the next run continues from the same checkpoint";

/**
 * Limits the wait for one answer: headers and all chunks of the body together, without the time that the reader takes in
 * between, and never into the run's reserve.
 */
export class WaitLimit {
  readonly #controller = new AbortController();
  #waitedMs = 0;
  #hasStarted = false;
  #expired: Unfinished | null = null;

  /** @param timeoutMs Milliseconds of waiting for one answer. */
  constructor(
    private readonly url: URL,
    private readonly timeoutMs: Millis,
    private readonly deadline: Deadline,
  ) {}

  /** Aborts the request at the limit. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** @throws Unfinished at the limit; OUT_OF_TIME when no time was left to send anything; Transient when the network failed. */
  async wait<Result>(work: () => Promise<Result>): Promise<Result> {
    const runMs = this.deadline.untilNear();
    if (runMs <= 0 && !this.#hasStarted) throw new ConnectorError('OUT_OF_TIME', RUN_ENDED);
    this.#hasStarted = true;
    const answerMs = this.timeoutMs - this.#waitedMs;
    const allowedMs = Math.min(runMs, answerMs);
    const isRunOver = runMs < answerMs;
    if (allowedMs <= 0) throw this.#expire(isRunOver);
    const timer = setTimeout(() => this.#expire(isRunOver), Math.ceil(allowedMs));
    // The monotonic clock: this is a duration, not an instant.
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
    const reason = `no whole answer within ${this.timeoutMs / 1000} s`;
    this.#expired = isRunOver
      ? new Unfinished('OUT_OF_TIME', RUN_ENDED)
      : new Unfinished('UPSTREAM_UNREACHABLE', unreachable(this.url, reason));
    this.#controller.abort();
    return this.#expired;
  }
}

/** The first error code along the causes of a failed fetch, such as ENOTFOUND. Codes only: a message may quote a header. */
function causeCode(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && isNativeError(at); depth += 1) {
    if ('code' in at && typeof at.code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(at.code)) return at.code;
    at = at.cause;
  }
  return 'no error code';
}

/** What to check, by codes of libuv, undici, OpenSSL and zlib as Node 20 to 24 report them. */
const CHECKS: readonly (readonly [RegExp, string])[] = [
  [
    /^EAI_|^ENOTFOUND$/,
    'its name could not be resolved: check the API URL, and the DNS of the VPC if the function is in one',
  ],
  [/^ECONNREFUSED$/, 'nothing accepts connections there: check the API URL and any proxy'],
  [
    /CERT|SIGNATURE|SELF_SIGNED|^ERR_(?:TLS|SSL)|^EPROTO$/,
    'its certificate or TLS was not accepted: check for a proxy that opens TLS',
  ],
  [
    /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|no whole answer)/,
    'check that the function can reach the internet: in a VPC it needs a NAT gateway',
  ],
  [
    /^(?:ECONNRESET|EPIPE|UND_ERR|Z_|ERR_STREAM|HPE_)/,
    'the connection broke before the answer was complete; the next run tries again',
  ],
  [/^/, 'check that the function can reach it; the next run tries again'],
];

function unreachable(url: URL, reason: string): string {
  const check = CHECKS.find(([pattern]) => pattern.test(reason))?.[1] ?? '';
  return `no answer from ${url.host} (${reason}): ${check}`;
}
