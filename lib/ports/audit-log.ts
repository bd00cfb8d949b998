import type { ConnectorSettings } from '../contract/settings';
import type { Dialect } from '../domain/dialect';
import type { LogRecord } from '../domain/record';
import type { Millis, Window } from '../domain/time';
import type { Deadline } from '../domain/deadline';

/** One answer of the audit API, read while it arrives. */
export interface AuditLogPage {
  /**
   * Records as they arrive, in batches of 1 to 100 records and, unless one record alone is larger, 1 MB at most. Can be
   * read once. Leaving the loop early closes the connection.
   *
   * @throws ConnectorError when the body ends early, is not JSON or lacks its list: batches given out before are whole.
   */
  readonly batches: AsyncIterable<readonly LogRecord[]>;
  /** What the rest of the answer said; only after `batches` was read to its end. */
  end(): PageEnd;
  /** Not after the instant at which the server answered, by its own clock and by ours; null: it did not answer in time. */
  readonly asOf: Millis | null;
  /** Server's clock minus ours, in milliseconds; null when the answer had no Date header. */
  readonly skewMs: number | null;
  /** The tailnet's id or name as the envelope gives it, 256 characters at most; null where the dialect names none. */
  readonly tailnet: string | null;
  /** The OAuth client that asked; null for an API key. Its own token requests are in the log too. */
  readonly oauthClientId: string | null;
  readonly dialect: Dialect;
}

export interface PageEnd {
  /** Continues the window after this page; null: this was the last. Opaque above lib/tailscale. */
  readonly cursor: string | null;
  /** On the last page: the instant up to which the log was asked for; null where the dialect has no end and read up to `asOf`. */
  readonly until: Millis | null;
}

export interface AuditLog {
  /**
   * Pages of the window from the cursor on (null: from the start), one request for each pull. A pull after a page was not
   * read to its end closes that page and ends the generator; so does return().
   *
   * @throws ConnectorError from the first pull on; CURSOR_REFUSED when the given cursor is no longer accepted.
   */
  pages(window: Window, cursor: string | null, deadline: Deadline): AsyncGenerator<AuditLogPage, void, void>;
}

/** Opens a connector's audit log. `known` is the dialect that answered before; `auto` asks again only where it is null. */
export type OpenAuditLog = (connector: ConnectorSettings, known: Dialect | null) => AuditLog;
