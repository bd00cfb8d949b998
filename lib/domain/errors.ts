import { visibleLine } from '../contract/visible';

/** What went wrong, by whose fault, as codes that a script can match. docs/operating.md says what to do about each. */
export type ErrorCode =
  // The secret
  | 'SECRET_EMPTY' // has no value yet
  | 'SECRET_INVALID' // is not the JSON of a credential
  | 'SECRET_UNAVAILABLE' // cannot be read
  | 'CREDENTIAL_KIND' // holds another kind of Tailscale key
  // Tailscale
  | 'UNAUTHORIZED' // 401
  | 'FORBIDDEN' // 403
  | 'NOT_FOUND' // 404
  | 'OAUTH_REFUSED' // the token endpoint refused the client
  | 'RATE_LIMITED' // 429
  | 'UPSTREAM_UNREACHABLE' // DNS, TLS, reset, timeout
  | 'UPSTREAM_ERROR' // 5xx or another status
  | 'UPSTREAM_INVALID' // the answer cannot be read
  | 'REDIRECTED' // a redirect, which is not followed
  | 'CURSOR_REFUSED' // the API no longer accepts this cursor
  | 'CURSOR_LOOP' // the API gave a cursor twice
  | 'TOO_MANY_PAGES'
  | 'TAILNET_CHANGED' // the answer is about another tailnet
  // EventBridge and S3
  | 'BUS_MISSING'
  | 'BUS_DENIED'
  | 'BUS_EXHAUSTED' // entries are unsent after all tries
  | 'ARCHIVE_UNAVAILABLE'
  // The connector's state
  | 'STATE_UNAVAILABLE'
  | 'STATE_INVALID' // an item that the connector did not write
  | 'LEASE_LOST' // another run owns the connector
  | 'LEASE_HELD' // another invocation runs this slice of a backfill
  | 'OUT_OF_TIME'
  | 'UNEXPECTED';

/** A failure with a code. The message is one bounded line that says what to do; it never holds a secret or a body. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions & {
      /** Milliseconds for which Tailscale asked not to be called again. */
      retryAfterMs?: number;
    },
  ) {
    super(visibleLine(message), options);
    if (options?.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }

  readonly retryAfterMs?: number;
}

/** Any thrown value as a ConnectorError. An unexpected one keeps its name and 500 characters of its message. */
export function toConnectorError(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'a value that is no Error was thrown';
  return new ConnectorError('UNEXPECTED', visibleLine(text, 500), { cause: error });
}

/** The name of an AWS error, for a message. The error's own message may quote what was sent. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error');
