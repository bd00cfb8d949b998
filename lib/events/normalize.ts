import type { ExpectedActivity } from '../contract/expected-activity';
import type { SeverityProfile } from '../contract/settings';
import type { DomainEvent, EncodedEvent } from '../domain/event';
import { isJsonObject, setField } from '../domain/json';
import type { Millis } from '../domain/time';
import { classificationOf, nativeOf, POLICY_ACTION, TOKEN_REQUEST } from './classification';
import { MAX_DETAIL_BYTES } from './encode/bound';
import { MAX_TITLE, oneLine } from './encode/describe';
import type { Provenance } from './encode/encoder';
import { expectedBy } from './expected-activity';
import { contentHashOf } from './identity/event-id';
import { read, type Form, type IdentifiedRecord } from './identity/identify';
import { carriable } from './records/carriable';
import { entryTime } from './records/event-time';
import { NOBODY, NOTHING } from './records/reading';
import { redact } from './redact/redact';
import { withheldFields } from './redact/withheld';

/** What judges a record, besides the record. Its siblings are not part of that: each record is judged alone. */
export interface Judgement {
  /** Where the watermark stood when the record's window was read. */
  readonly watermark: Millis;
  readonly severityProfile: SeverityProfile;
  /** The OAuth client that asked; null for an API key. */
  readonly oauthClientId: string | null;
  readonly expectedActivity: readonly ExpectedActivity[];
}

/**
 * A record as a domain event.
 *
 * Total: any JSON value gives an event. A record that cannot be read is carried whole, with `isParsed: false`.
 */
export function normalize({ record, shape, id }: IdentifiedRecord, judgement: Judgement): DomainEvent {
  const { value, redactions } = redact(record, withheldFields(record));
  const clean = carriable(value);
  const reading = shape === null ? undefined : read(clean);
  const contentHash = contentHashOf(clean, reading?.shape ?? null);
  if (reading === undefined) return { ...UNPARSED, id, contentHash, redactions, raw: clean };

  const { occurredAt, actor, target, drift } = reading;
  const { action, title, severity, extendedSeverity, known } = classificationOf(reading);
  if (!known) drift.add('action');
  const text = occurredAt?.text ?? null;
  return {
    id,
    contentHash,
    isParsed: true,
    action,
    native: nativeOf(reading),
    severity: judgement.severityProfile === 'extended' ? extendedSeverity : severity,
    title: oneLine(title, MAX_TITLE),
    occurredAt: text,
    actor,
    target,
    error: reading.error,
    old: reading.old,
    new: reading.new,
    changesPolicy: action === POLICY_ACTION,
    origin: reading.origin,
    groupId: reading.groupId,
    late: occurredAt !== null && occurredAt.millis <= judgement.watermark,
    self: action === TOKEN_REQUEST && isSameClient(actor.id, judgement.oauthClientId),
    redactions,
    schemaDrift: drift.paths,
    expected: expectedBy({ action, actor, target, occurredAt: text }, judgement.expectedActivity),
    raw: withoutSides(clean),
  };
}

/** Loud by its flag, quiet by its severity. */
const UNPARSED: Omit<DomainEvent, 'id' | 'contentHash' | 'redactions' | 'raw'> = {
  isParsed: false,
  action: 'unknown:unparsed',
  native: null,
  severity: 'info',
  title: 'Record that could not be read',
  occurredAt: null,
  actor: NOBODY,
  target: NOTHING,
  error: null,
  old: null,
  new: null,
  changesPolicy: false,
  origin: null,
  groupId: null,
  late: false,
  self: false,
  schemaDrift: [],
  expected: null,
};

/** A domain event in one of its record's forms, uncut. */
export function encode(
  event: DomainEvent,
  { encoder, publishedId }: Form,
  time: Millis,
  provenance: Provenance,
  isRevision = false,
): EncodedEvent {
  return {
    detailType: encoder.detailType,
    time,
    detail: encoder.encode(event, provenance, isRevision),
    id: encoder.idOf(event.id),
    contentHash: event.contentHash,
    publishedId,
    countedAs: encoder.countedAs(event),
    severity: encoder.severityOf(event),
  };
}

/** A record in all its forms, each cut to fit `maxBytes`. */
export function encodeAll(
  record: IdentifiedRecord,
  context: Judgement & Provenance,
  maxBytes = MAX_DETAIL_BYTES,
): EncodedEvent[] {
  const event = normalize(record, context);
  return record.forms
    .filter(({ encoder }) => encoder.appliesTo(event))
    .map((form) => {
      const encoded = encode(event, form, entryTime(record.millis, context.receivedAt), context);
      return { ...encoded, detail: form.encoder.amend(encoded.detail, {}, maxBytes) };
    });
}

/** The log names a client by its id; a setting may hold that id, or the client secret's form `tskey-client-<id>-…`. */
function isSameClient(actorId: string | null, clientId: string | null): boolean {
  if (actorId === null || actorId === '' || clientId === null) return false;
  return actorId === (/^tskey-client-([A-Za-z0-9]+)/.exec(clientId)?.[1] ?? clientId);
}

function withoutSides(record: unknown): unknown {
  if (!isJsonObject(record)) return record;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(record)) {
    if (name !== 'old' && name !== 'new') setField(copy, name, record[name]);
  }
  return copy;
}
