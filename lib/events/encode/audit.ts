import type { AuditEvent } from '../../contract/audit-event';
import { DETAIL_TYPE, EVENT_CATEGORY, EVENT_SOURCE } from '../../contract/names';
import type { DomainEvent } from '../../domain/event';
import { rfc3339 } from '../../domain/time';
import { boundAuditEvent } from './bound';
import { describe } from './describe';
import type { Encoder, Provenance } from './encoder';

/** The native form: detail type `Tailscale Audit Event`, schema in lib/contract/schemas. */
export const auditEncoder: Encoder<AuditEvent> = {
  detailType: DETAIL_TYPE.audit,
  appliesTo: () => true,
  idOf: (recordId) => recordId,
  countedAs: ({ action }) => action,
  severityOf: ({ severity }) => severity,
  encode: (event, provenance, isRevision) => ({
    schemaVersion: '1.0',
    id: event.id,
    contentHash: event.contentHash,
    stream: 'audit',
    source: EVENT_SOURCE,
    category: EVENT_CATEGORY,
    severity: event.severity,
    action: event.action,
    native: event.native,
    title: event.title,
    description: event.isParsed
      ? describe(event.title, event)
      : 'A record of the audit log could not be read; it is in raw as received',
    occurredAt: event.occurredAt,
    tailnet: provenance.tailnetKey,
    connector: provenance.connector,
    actor: { ...event.actor, tags: [...event.actor.tags] },
    target: event.target,
    outcome: event.error === null ? 'success' : 'failure',
    error: event.error,
    change: { old: event.old, new: event.new },
    origin: event.origin,
    groupId: event.groupId,
    ingest: ingestOf(event, provenance),
    revision: isRevision,
    redactions: [...event.redactions],
    schemaDrift: [...event.schemaDrift],
    unparsed: !event.isParsed,
    truncated: [],
    claimCheck: null,
    expected: event.expected,
    raw: event.raw,
  }),
  amend: (detail, { claimCheck = detail.claimCheck, ingest }, maxBytes) =>
    boundAuditEvent({ ...detail, claimCheck, ingest: { ...detail.ingest, ...ingest } }, maxBytes),
};

export function ingestOf({ late, self }: DomainEvent, { mode, runId, receivedAt }: Provenance): AuditEvent['ingest'] {
  return { mode, runId, receivedAt: rfc3339(receivedAt), late, self };
}
