import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ConnectorError } from '../../domain/errors';
import type { Clock, Deadline } from '../../domain/deadline';
import type { Millis } from '../../domain/time';
import type { Telemetry } from '../../ports/telemetry';
import { Body, readBeginning, type Head, type Reply } from './body';
import { rateLimited, serverError } from './refusal';
import { Transient, Unfinished, WaitLimit } from './wait-limit';

export interface Outgoing<Content> {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** A form. */
  readonly body?: URLSearchParams;
  /** Reads a 200; what it throws, the request throws. It must close the body unless it reads it to the end. */
  readonly read: (body: Body, head: Head) => Promise<Content>;
  /** Do not send again after an answer that takes too long. */
  readonly isTriedOnceWhenSlow?: boolean;
}

/**
 * Sends, and sends again after a failure that may pass. Returns answers with any status but 429 and 5xx (501 excepted).
 *
 * @throws ConnectorError UPSTREAM_UNREACHABLE, UPSTREAM_ERROR, RATE_LIMITED with `retryAfterMs`, REDIRECTED, OUT_OF_TIME,
 * and whatever `read` throws.
 */
export type Send = <Content>(outgoing: Outgoing<Content>, deadline: Deadline) => Promise<Reply<Content>>;

export interface SendDeps {
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly fetch?: typeof fetch;
  readonly wait?: (ms: Millis) => Promise<unknown>;
  /** Milliseconds to wait for one answer, its body included. */
  readonly timeoutMs?: Millis;
  readonly logger?: Pick<Telemetry, 'info' | 'warn'>;
}

const TRIES = 4;

/** Milliseconds between tries: random between the floor and a ceiling that grows fourfold each time. */
const BACKOFF = { floor: 500, ceiling: 20_000, growth: 4 } as const;

/** Milliseconds that a try needs. No pause begins that would leave less before the run's reserve. */
const TRY_MS = 5_000;

/** Milliseconds. The API answers in a second or two. */
const TIMEOUT_MS = 60_000;

export function createSend({
  clock,
  random,
  fetch = globalThis.fetch,
  wait = delay,
  timeoutMs = TIMEOUT_MS,
  logger,
}: SendDeps): Send {
  const attempt = async <Content>(
    { url, method, headers, body, read }: Outgoing<Content>,
    deadline: Deadline,
  ): Promise<Reply<Content>> => {
    const limit = new WaitLimit(url, timeoutMs, deadline);
    const sentAt = clock.now();
    // A followed redirect would carry the credential to a host that nobody configured.
    const init = { method, headers, body: body ?? null, redirect: 'manual' as const, signal: limit.signal };
    const response = await limit.wait(() => fetch(url, init));
    const { status } = response;
    const head: Head = { url, status, headers: response.headers, sentAt, answeredAt: clock.now() };
    const answer = new Body(response, limit);
    if (status === 200) return { ...head, content: await read(answer, head), text: '' };
    try {
      if (response.type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status)) throw redirected(url);
      const reply = { ...head, content: null, text: await readBeginning(answer) };
      if (status === 429) throw rateLimited(reply);
      if (status >= 500 && status !== 501) throw serverError(reply);
      return reply;
    } finally {
      await answer.close();
    }
  };

  return async (outgoing, deadline) => {
    let failure: ConnectorError | undefined;
    try {
      return await pRetry(() => attempt(outgoing, deadline), {
        retries: TRIES - 1,
        minTimeout: 0,
        shouldRetry: async ({ error, attemptNumber }) => {
          const isSlow = error instanceof Unfinished && error.isSlow;
          if (!(error instanceof Transient) && !(isSlow && outgoing.isTriedOnceWhenSlow !== true)) return false;
          failure = error;
          const pauseMs = Math.max(backoff(attemptNumber, random), error.retryAfterMs ?? 0);
          if (pauseMs + TRY_MS > deadline.untilNear()) return false;
          const { code, message: reason } = error;
          logger?.warn('Tailscale request failed; retrying', { code, reason, attempt: attemptNumber, pauseMs });
          await wait(pauseMs);
          return true;
        },
      });
    } catch (error) {
      // When time ran out between tries, the failure before says more.
      throw failure !== undefined && error instanceof ConnectorError && error.code === 'OUT_OF_TIME' ? failure : error;
    }
  };
}

/** Milliseconds before the try after attempt `n`, counted from 1. */
function backoff(n: number, random: () => number): Millis {
  const ceiling = Math.min(BACKOFF.ceiling, BACKOFF.floor * BACKOFF.growth ** n);
  return Math.round(BACKOFF.floor + random() * (ceiling - BACKOFF.floor));
}

function redirected(url: URL): ConnectorError {
  return new ConnectorError(
    'REDIRECTED',
    `${url.host} answered with a redirect, which would take the credential to another host and is refused. Check the API URL in the settings`,
  );
}
