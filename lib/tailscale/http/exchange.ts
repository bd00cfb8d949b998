import { ConnectorError } from '../../domain/errors';
import type { Millis } from '../../domain/time';
import type { Clock, Deadline } from '../../domain/deadline';
import { Body, readBeginning } from './body';
import { WaitLimit } from './wait-limit';

/** What is sent, and what is made of a 200. */
export interface Outgoing<Content> {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** A form. */
  readonly body?: URLSearchParams;
  /** Reads a 200. Its failure is that of the request. Whatever it leaves unread it must close. */
  readonly read: (body: Body, head: Head) => Promise<Content>;
  /** An answer that takes too long is given up at once, not asked for again. */
  readonly isTriedOnceWhenSlow?: boolean;
}

/** What came back before the body. */
export interface Head {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  /** Our clock just before the request left. */
  readonly sentAt: Millis;
  /** Our clock when the answer's headers were there. */
  readonly answeredAt: Millis;
}

/** An answer, whatever its status. */
export interface Reply<Content> extends Head {
  /** What `read` made of a 200; null for any other status. */
  readonly content: Content | null;
  /** The beginning of the body of any other status; empty for a 200. */
  readonly text: string;
}

export interface ExchangeDeps {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Milliseconds that one answer is waited for, its body included. */
  readonly timeoutMs: Millis;
}

/**
 * One request and its answer.
 *
 * @throws Transient when the network failed; Unfinished when the answer took too long; ConnectorError REDIRECTED,
 * OUT_OF_TIME before anything was sent, and those of `read`.
 */
export async function exchange<Content>(
  { fetch, clock, timeoutMs }: ExchangeDeps,
  { url, method, headers, body, read }: Outgoing<Content>,
  deadline: Deadline,
): Promise<Reply<Content>> {
  const limit = new WaitLimit(url, timeoutMs, deadline);
  const sentAt = clock.now();
  // A followed redirect would carry the credential to a host that nobody configured.
  const response = await limit.wait(() =>
    fetch(url, { method, headers, ...(body === undefined ? {} : { body }), redirect: 'manual', signal: limit.signal }),
  );
  const head: Head = { url, status: response.status, headers: response.headers, sentAt, answeredAt: clock.now() };
  const answer = new Body(response, limit);
  if (response.status === 200) return { ...head, content: await read(answer, head), text: '' };
  try {
    if (isRedirect(response)) throw redirected(url);
    return { ...head, content: null, text: await readBeginning(answer) };
  } finally {
    await answer.close();
  }
}

function isRedirect({ status, type }: Response): boolean {
  return type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status);
}

function redirected(url: URL): ConnectorError {
  return new ConnectorError(
    'REDIRECTED',
    `${url.host} answered with a redirect, which is refused: it would take the credential to another host. Check the API URL in the settings`,
  );
}
