import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ConnectorError } from '../../domain/errors';
import type { Millis } from '../../domain/time';
import type { Clock, Deadline } from '../../domain/deadline';
import type { Telemetry } from '../../ports/telemetry';
import { exchange } from './exchange';
import type { Outgoing, Reply } from './exchange';
import { rateLimited, serverError } from './refusal';
import { Transient, Unfinished } from './wait-limit';

/** Sends, and sends again what may pass by itself. Answers with any status but 429 and 5xx (501 excepted) are given back. */
export type Send = <Content>(outgoing: Outgoing<Content>, deadline: Deadline) => Promise<Reply<Content>>;

export interface SendDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly fetch?: typeof fetch;
  /** Pauses for some milliseconds. */
  readonly wait?: (ms: Millis) => Promise<unknown>;
  /** Milliseconds that one answer is waited for, its body included. */
  readonly timeoutMs?: Millis;
  readonly logger?: Pick<Telemetry, 'info' | 'warn'>;
}

const TRIES = 4;

/** Milliseconds between tries: from the floor up to a ceiling that grows fourfold each time, at random in between. */
const BACKOFF = { floor: 500, ceiling: 20_000, growth: 4 } as const;

/** Milliseconds that a try needs after a pause; no pause is begun that would leave less before the run's reserve. */
const ROOM_MS = 5_000;

/** Milliseconds. The API answers in a second or two. */
const TIMEOUT_MS = 60_000;

/**
 * @throws (from Send) ConnectorError UPSTREAM_UNREACHABLE, UPSTREAM_ERROR, RATE_LIMITED with `retryAfterMs`, REDIRECTED,
 * OUT_OF_TIME, and those of `read`.
 */
export function createSend({
  clock,
  random,
  fetch = globalThis.fetch,
  wait = delay,
  timeoutMs = TIMEOUT_MS,
  logger,
}: SendDeps): Send {
  const attempt = async <Content>(outgoing: Outgoing<Content>, deadline: Deadline): Promise<Reply<Content>> => {
    const reply = await exchange({ fetch, clock, timeoutMs }, outgoing, deadline);
    if (reply.status === 429) throw rateLimited(reply);
    if (reply.status >= 500 && reply.status !== 501) throw serverError(reply);
    return reply;
  };

  return async (outgoing, deadline) => {
    let failure: ConnectorError | undefined;
    const mayPass = (error: Error): error is ConnectorError =>
      error instanceof Transient ||
      (error instanceof Unfinished && error.isSlow && outgoing.isTriedOnceWhenSlow !== true);
    const mayTryAgain = async ({
      error,
      attemptNumber,
    }: {
      readonly error: Error;
      readonly attemptNumber: number;
    }): Promise<boolean> => {
      if (!mayPass(error)) return false;
      failure = error;
      const pauseMs = Math.max(backoff(attemptNumber, random), error.retryAfterMs ?? 0);
      if (pauseMs + ROOM_MS > deadline.untilNear()) return false;
      logger?.warn('Tailscale is asked again', {
        code: error.code,
        reason: error.message,
        attempt: attemptNumber,
        pauseMs,
      });
      await wait(pauseMs);
      return true;
    };
    try {
      return await pRetry(() => attempt(outgoing, deadline), {
        retries: TRIES - 1,
        minTimeout: 0,
        shouldRetry: mayTryAgain,
      });
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
