import type { AuditEvent } from '../../contract/audit-event';
import { EVENT_CATEGORY, EVENT_SOURCE } from '../../contract/names';
import { classify, classifyAction, nativeName, type Classification } from '../catalog/catalog';
import { describe, MAX_TITLE, oneLine } from './describe';
import { expectedBy } from '../expected-activity';
import { isJsonObject, setField } from '../../domain/json';
import type { NormalizeContext } from '../normalize-context';
import { NOBODY, NOTHING, type Reading } from '../records/reading';
import type { Redacted } from '../redact/redact';

/** What an event says of its identity. */
export interface ShownIdentity {
  readonly id: string;
  /** Over the record as it is shown, after redaction. */
  readonly contentHash: string;
}

/**
 * The audit event of a record that was read. Fields are written out one by one, here and below: spreading objects of
 * this size costs more than all the rest.
 */
export function auditEvent(
  reading: Reading,
  clean: Redacted,
  identity: ShownIdentity,
  context: NormalizeContext,
): AuditEvent {
  const { occurredAt, actor, target, error, drift } = reading;
  const isNative = reading.shape === 'configuration';
  const found = classificationOf(reading);
  if (!found.known) drift.add('action');
  return {
    schemaVersion: '1.0',
    id: identity.id,
    contentHash: identity.contentHash,
    stream: 'audit',
    source: EVENT_SOURCE,
    category: EVENT_CATEGORY,
    severity: severityIn(found, context),
    action: found.action,
    native: isNative ? nativeName(tripleOf(reading)) : null,
    title: oneLine(found.title, MAX_TITLE),
    description: describe(found.title, reading),
    occurredAt: occurredAt?.text ?? null,
    tailnet: context.tailnetKey,
    connector: context.connector,
    actor,
    target,
    outcome: error === null ? 'success' : 'failure',
    error,
    change: { old: reading.old, new: reading.new },
    origin: reading.origin,
    groupId: reading.groupId,
    ingest: {
      mode: context.mode,
      runId: context.runId,
      receivedAt: new Date(context.receivedAt).toISOString(),
      late: occurredAt !== null && occurredAt.millis <= context.watermark,
      self: found.action === TOKEN_REQUEST && isSameClient(actor.id, context.oauthClientId),
    },
    revision: false,
    redactions: [...clean.redactions],
    schemaDrift: [...drift.paths],
    unparsed: false,
    truncated: [],
    claimCheck: null,
    expected: expectedBy(
      { action: found.action, actor, target, occurredAt: occurredAt?.text ?? null },
      context.expectedActivity,
    ),
    raw: withoutSides(clean.value),
  };
}

/** The event of a record of which nothing could be read: loud by its flag, quiet by its severity. */
export function unparsedEvent(clean: Redacted, identity: ShownIdentity, context: NormalizeContext): AuditEvent {
  return {
    schemaVersion: '1.0',
    id: identity.id,
    contentHash: identity.contentHash,
    stream: 'audit',
    source: EVENT_SOURCE,
    category: EVENT_CATEGORY,
    severity: 'info',
    action: 'unknown:unparsed',
    native: null,
    title: 'Record that could not be read',
    description: 'A record of the audit log could not be read; it is in raw as received',
    occurredAt: null,
    tailnet: context.tailnetKey,
    connector: context.connector,
    actor: NOBODY,
    target: NOTHING,
    outcome: 'success',
    error: null,
    change: { old: null, new: null },
    origin: null,
    groupId: null,
    ingest: {
      mode: context.mode,
      runId: context.runId,
      receivedAt: new Date(context.receivedAt).toISOString(),
      late: false,
      self: false,
    },
    revision: false,
    redactions: [...clean.redactions],
    schemaDrift: [],
    unparsed: true,
    truncated: [],
    claimCheck: null,
    expected: null,
    raw: clean.value,
  };
}

function severityIn(
  { severity, extendedSeverity }: Classification,
  { severityProfile }: NormalizeContext,
): AuditEvent['severity'] {
  return severityProfile === 'extended' ? extendedSeverity : severity;
}

/** What the record's action means. */
export function classificationOf(reading: Reading): Classification {
  return reading.shape === 'configuration'
    ? classify(tripleOf(reading), factsOf(reading))
    : classifyAction(reading.verb);
}

function tripleOf({ verb, target }: Reading) {
  return { target: target.type, verb, property: target.property };
}

function factsOf(reading: Reading) {
  return {
    old: reading.old,
    new: reading.new,
    actionDetails: reading.actionDetails,
    origin: reading.origin,
    targetName: reading.target.name,
    eventMillis: reading.occurredAt?.millis ?? null,
  };
}

/** The action of an OAuth client that exchanges its secret for a token: this connector does so about once an hour. */
const TOKEN_REQUEST = 'oauth_token:create';

/** The log names a client by its id; a setting may hold that id, or the client secret's form `tskey-client-<id>-…`. */
function isSameClient(actorId: string | null, clientId: string | null): boolean {
  return (
    actorId !== null &&
    clientId !== null &&
    actorId !== '' &&
    actorId === (/^tskey-client-([A-Za-z0-9]+)/.exec(clientId)?.[1] ?? clientId)
  );
}

function withoutSides(record: unknown): unknown {
  if (!isJsonObject(record)) return record;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(record)) {
    if (name !== 'old' && name !== 'new') setField(copy, name, record[name]);
  }
  return copy;
}
