import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ConnectorError } from '../connector/errors';
import type { Clock, Deadline, Millis, Telemetry } from '../connector/ports';
import { exchange, Transient } from './exchange';
import type { Outgoing, Reply } from './exchange';
import { rateLimited, serverError } from './refusal';

/** Sends, and sends again what may pass by itself. Answers with any status but 429 and 5xx (501 excepted) are given back. */
export type Send = (outgoing: Outgoing, deadline: Deadline) => Promise<Reply>;

export interface SendDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly fetch?: typeof fetch;
  /** Pauses for some milliseconds. */
  readonly wait?: (ms: Millis) => Promise<unknown>;
  /** Milliseconds one request may take, its body included. */
  readonly timeoutMs?: Millis;
  readonly logger?: Pick<Telemetry, 'info' | 'warn'>;
}

const TRIES = 4;

/** Milliseconds between tries: from the floor up to a ceiling that grows fourfold each time, at random in between. */
const BACKOFF = { floor: 500, ceiling: 20_000, growth: 4 } as const;

/** Milliseconds that a try and the run's last writes need after a pause; no pause is begun that would leave less. */
const ROOM_MS = 15_000;

const TIMEOUT_MS = 60_000;

/**
 * @throws (from Send) ConnectorError UPSTREAM_UNREACHABLE, UPSTREAM_ERROR, RATE_LIMITED with `retryAfterMs`, REDIRECTED,
 * BODY_TOO_LARGE, UPSTREAM_INVALID, OUT_OF_TIME.
 */
export function createSend({ clock, random, fetch = globalThis.fetch, wait = delay, timeoutMs = TIMEOUT_MS, logger }: SendDeps): Send {
  const attempt = async (outgoing: Outgoing, deadline: Deadline): Promise<Reply> => {
    const reply = await exchange({ fetch, clock, timeoutMs }, outgoing, deadline);
    if (reply.status === 429) throw rateLimited(reply);
    if (reply.status >= 500 && reply.status !== 501) throw serverError(reply);
    return reply;
  };

  return async (outgoing, deadline) => {
    let failure: Transient | undefined;
    const mayTryAgain = async ({ error, attemptNumber }: { readonly error: Error; readonly attemptNumber: number }): Promise<boolean> => {
      if (!(error instanceof Transient)) return false;
      failure = error;
      const pauseMs = Math.max(backoff(attemptNumber, random), error.retryAfterMs ?? 0);
      if (pauseMs + ROOM_MS > deadline.remaining()) return false;
      logger?.warn('Tailscale is asked again', { code: error.code, reason: error.message, attempt: attemptNumber, pauseMs });
      await wait(pauseMs);
      return true;
    };
    try {
      return await pRetry(() => attempt(outgoing, deadline), { retries: TRIES - 1, minTimeout: 0, shouldRetry: mayTryAgain });
    } catch (error) {
      // When time ran out between tries, what had gone wrong before says more.
      throw failure !== undefined && error instanceof ConnectorError && error.code === 'OUT_OF_TIME' ? failure : error;
    }
  };
}

/** Milliseconds before the try after attempt `n`, counted from 1. */
function backoff(n: number, random: () => number): Millis {
  const ceiling = Math.min(BACKOFF.ceiling, BACKOFF.floor * BACKOFF.growth ** n);
  return Math.round(BACKOFF.floor + random() * (ceiling - BACKOFF.floor));
}
