import type { AuditEvent } from '../../contract/audit-event';
import type { DomainEvent } from '../../domain/event';
import type { Millis } from '../../domain/time';

/** How a record reached the connector. */
export interface Provenance {
  readonly connector: string;
  /** Fixed when the connector first read the tailnet. */
  readonly tailnetKey: string;
  readonly mode: AuditEvent['ingest']['mode'];
  /** One run of one connector, or a backfill's job id. */
  readonly runId: string;
  readonly receivedAt: Millis;
}

/** What may still change in a detail after it was encoded. */
export interface Amendment {
  /** Where the whole detail is kept. */
  readonly claimCheck?: NonNullable<AuditEvent['claimCheck']>;
  /** The run that publishes it again. */
  readonly ingest?: Pick<AuditEvent['ingest'], 'mode' | 'runId'>;
}

/** One published form of a domain event. A new form is a file with one of these, and a row in encoders.ts. */
export interface Encoder<Detail extends object = object> {
  readonly detailType: string;
  appliesTo(event: Pick<DomainEvent, 'changesPolicy'>): boolean;
  /** The form's id, from the record's. Two forms of one record must not share it. */
  idOf(recordId: string): string;
  countedAs(event: DomainEvent): string;
  severityOf(event: DomainEvent): DomainEvent['severity'];
  /** @param isRevision This id was published before with another content. */
  encode(event: DomainEvent, provenance: Provenance, isRevision: boolean): Detail;
  /** The detail with the amendment in it, cut to fit `maxBytes` of UTF-8. */
  amend(detail: Detail, amendment: Amendment, maxBytes: number): Detail;
}
