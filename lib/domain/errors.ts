import { visibleLine } from '../contract/visible';

/**
 * What went wrong, as codes that a script can match. Whose fault it is decides what happens next:
 * an operator must act on `SECRET_*`, `CREDENTIAL_*`, `FORBIDDEN`, `NOT_FOUND`, `OAUTH_REFUSED`, `BUS_*` and `TAILNET_CHANGED`;
 * the next tick tries again in every case.
 */
export type ErrorCode =
  // The secret
  | 'SECRET_EMPTY' // it has no value yet
  | 'SECRET_INVALID' // not the JSON it should be
  | 'SECRET_UNAVAILABLE' // it cannot be read
  | 'CREDENTIAL_KIND' // a client secret or auth key where an API key belongs
  // Tailscale
  | 'UNAUTHORIZED' // 401
  | 'FORBIDDEN' // 403
  | 'NOT_FOUND' // 404
  | 'OAUTH_REFUSED' // the token endpoint refused the client
  | 'RATE_LIMITED' // 429
  | 'UPSTREAM_UNREACHABLE' // DNS, TLS, reset, timeout
  | 'UPSTREAM_ERROR' // 5xx or another status
  | 'UPSTREAM_INVALID' // an answer that is not what it should be
  | 'REDIRECTED' // a redirect, refused
  | 'CURSOR_REFUSED' // the API no longer takes this cursor
  | 'CURSOR_LOOP' // the API gave a cursor twice
  | 'TOO_MANY_PAGES'
  | 'TAILNET_CHANGED' // the answer is another tailnet's
  // The bus
  | 'BUS_MISSING'
  | 'BUS_DENIED'
  | 'BUS_EXHAUSTED' // entries still unsent when tries or time ran out
  // The archive
  | 'ARCHIVE_UNAVAILABLE' // claims and quarantine cannot be written
  // Our own place
  | 'STATE_UNAVAILABLE'
  | 'STATE_INVALID' // an item of ours that we did not write
  | 'LEASE_LOST' // another run owns the connector
  | 'LEASE_HELD' // another invocation runs this slice of a backfill
  | 'OUT_OF_TIME'
  | 'UNEXPECTED';

/** A failure with a code and one bounded line that says what to do. The message never holds a secret or a body. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions & {
      /** Upstream asked not to be called again before this many milliseconds have passed. */
      retryAfterMs?: number;
    },
  ) {
    super(visibleLine(message), options);
    if (options?.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }

  readonly retryAfterMs?: number;
}

/** Any thrown value as a ConnectorError. Unforeseen ones keep their name and the first 500 characters of their message. */
export function toConnectorError(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'a value that is no Error was thrown';
  return new ConnectorError('UNEXPECTED', visibleLine(text, 500), { cause: error });
}
