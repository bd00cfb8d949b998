import type { AuditEvent } from '../contract/audit-event';
import type { ExpectedActivity } from '../contract/expected-activity';
import type { SeverityProfile } from '../contract/settings';
import type { Millis } from '../domain/time';

/** What is known of a record from outside it. Its siblings are not part of that: each record is judged alone. */
export interface NormalizeContext {
  readonly connector: string;
  /** Fixed when the connector first read the tailnet. */
  readonly tailnetKey: string;
  readonly mode: AuditEvent['ingest']['mode'];
  readonly runId: string;
  readonly receivedAt: Millis;
  /** Where the watermark stood when the record's window was read. */
  readonly watermark: Millis;
  readonly severityProfile: SeverityProfile;
  /** The OAuth client that asked; null for an API key. */
  readonly oauthClientId: string | null;
  readonly expectedActivity: readonly ExpectedActivity[];
  /** UTF-8 bytes that a serialized detail may have, at least MIN_DETAIL_BYTES; MAX_DETAIL_BYTES if not given. */
  readonly maxDetailBytes?: number;
}
