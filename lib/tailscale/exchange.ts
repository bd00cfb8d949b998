import { ConnectorError } from '../connector/errors';
import type { Clock, Deadline, Millis } from '../connector/ports';
import { readText } from './body';
import { causeCode, unreachable } from './unreachable';

/** What is sent. */
export interface Outgoing {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** A form. */
  readonly body?: URLSearchParams;
  /** Bytes of a 200's body, after decompression. */
  readonly maxBytes: number;
}

/** What came back, whatever its status. */
export interface Reply {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  /** A 200's whole body; of any other answer at most its beginning. */
  readonly text: string;
  /** Our clock just before the request left. */
  readonly sentAt: Millis;
  /** Our clock when the answer's headers were there. */
  readonly answeredAt: Millis;
}

/** A failure that may pass by itself, so that another try is worth it. */
export class Transient extends ConnectorError {}

/** The run's own time is over; upstream may be well. */
export function outOfTime(): ConnectorError {
  return new ConnectorError('OUT_OF_TIME', 'the time of this run was over before Tailscale had answered; the next run goes on from the same place');
}

export interface ExchangeDeps {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Milliseconds one request may take, its body included. */
  readonly timeoutMs: Millis;
}

/**
 * One request and its whole answer, inside the deadline.
 *
 * @throws Transient when the network failed; ConnectorError REDIRECTED, BODY_TOO_LARGE, UPSTREAM_INVALID, OUT_OF_TIME.
 */
export async function exchange({ fetch, clock, timeoutMs }: ExchangeDeps, { url, maxBytes, ...init }: Outgoing, deadline: Deadline): Promise<Reply> {
  if (deadline.isNear()) throw outOfTime();
  const allowedMs = Math.min(timeoutMs, deadline.remaining());
  const signal = AbortSignal.timeout(Math.ceil(allowedMs));
  try {
    const sentAt = clock.now();
    // A followed redirect would carry the credential to a host that nobody configured.
    const response = await fetch(url, { ...init, redirect: 'manual', signal });
    const answeredAt = clock.now();
    if (isRedirect(response)) {
      await response.body?.cancel();
      throw redirected(url);
    }
    return { url, status: response.status, headers: response.headers, text: await readText(response, url, maxBytes), sentAt, answeredAt };
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    if (!signal.aborted) throw new Transient('UPSTREAM_UNREACHABLE', unreachable(url, causeCode(error)));
    if (allowedMs < timeoutMs) throw outOfTime();
    throw new Transient('UPSTREAM_UNREACHABLE', unreachable(url, `no whole answer within ${timeoutMs / 1000} s`));
  }
}

function isRedirect({ status, type }: Response): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status);
}

function redirected(url: URL): ConnectorError {
  return new ConnectorError('REDIRECTED', `${url.host} answered with a redirect, which is refused: it would take the credential to another host. Check the API URL in the settings`);
}
