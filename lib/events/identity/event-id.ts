import { createHmac, hash } from 'node:crypto';
import type { PublishedId } from '../../domain/published-id';
import { AUDIT_SPELLINGS } from '../records/audit-record';
import { publishedBucket } from '../records/event-time';
import { canonicalJson, field, isJsonObject } from '../../domain/json';
import { firstField, type Reading } from '../records/reading';

/** What ids are made with. Both are fixed when the connector is installed. */
export interface IdNames {
  /** So that two tailnets' records never share an id. */
  readonly tailnetKey: string;
  /** 64 hex digits, random and never published: without it nobody can test a guess of a redacted value against an id. */
  readonly idKey: string;
}

/** Distinguishes a record from all others. Made from the record as received, so that a new version of the redactor changes nothing. */
export interface Identity {
  /** `a1:` or `w1:` and 64 hex digits. The same record always has the same. */
  readonly id: string;
  /** Keyed hash over the pinned fields, 64 hex digits. Never published: another one under the same id means an edited record. */
  readonly revision: string;
}

/** How a record is read; null: it cannot be. */
export type Shape = Reading['shape'] | null;

/**
 * Identity of a record, from its pinned fields and from nothing else: a field that Tailscale adds tomorrow changes neither.
 *
 * A field that is absent and one that is null are the same; "" is another value. Fields go into a hash as canonical
 * JSON, each behind its length, so that no two lists of fields read alike.
 */
export function identityOf(record: unknown, shape: Shape, { tailnetKey, idKey }: IdNames): Identity {
  const keyed = (fields: readonly unknown[]): string =>
    createHmac('sha256', idKey).update(lengthPrefixed(fields)).digest('hex');
  const content = pinnedFields(record, shape);
  const revision = keyed(content);
  const upstreamId =
    shape === 'audit' && isJsonObject(record) ? firstField(record, AUDIT_SPELLINGS.id).value : undefined;
  const hasId = (typeof upstreamId === 'string' && upstreamId !== '') || typeof upstreamId === 'number';
  if (hasId) return { id: `a1:${keyed([tailnetKey, String(upstreamId)])}`, revision };
  return {
    id: `${shape === 'configuration' ? 'w1' : 'a1'}:${keyed([tailnetKey, shape ?? 'unparsed', revision])}`,
    revision,
  };
}

/** Ids of a record of which only the bytes are known. @param digest SHA-256 of its bytes, in hex. */
export function identifyBytes(
  digest: string,
  { tailnetKey, idKey }: IdNames,
): { readonly id: string; readonly publishedId: PublishedId } {
  const id = `a1:${createHmac('sha256', idKey)
    .update(lengthPrefixed([tailnetKey, 'bytes', digest]))
    .digest('hex')}`;
  return { id, publishedId: publishedIdOf(id, digest, null) };
}

/** SHA-256 over the pinned fields of what an event shows: the record after redaction. */
export function contentHashOf(shown: unknown, shape: Shape): string {
  return sha256(lengthPrefixed(pinnedFields(shown, shape)));
}

/** The fields that make a record what it is. One operation writes many records, so the group alone names none of them. */
function pinnedFields(record: unknown, shape: Shape): readonly unknown[] {
  if (shape === null || !isJsonObject(record)) return [record];
  if (shape === 'configuration') {
    const actor = field(record, 'actor');
    const target = field(record, 'target');
    return [
      field(record, 'eventGroupID'),
      field(record, 'eventTime'),
      field(record, 'action'),
      idOf(target),
      partOf(target, 'type'),
      partOf(target, 'property'),
      field(record, 'type'),
      field(record, 'origin'),
      idOf(actor),
      partOf(actor, 'type'),
      partOf(actor, 'loginName'),
      partOf(target, 'name'),
      field(record, 'old'),
      field(record, 'new'),
      field(record, 'actionDetails'),
      field(record, 'error'),
    ];
  }
  const actor = firstField(record, AUDIT_SPELLINGS.actor).value;
  const target = firstField(record, AUDIT_SPELLINGS.target).value;
  return [
    field(record, 'action'),
    firstField(record, AUDIT_SPELLINGS.time).value,
    idOf(actor),
    partOf(actor, 'type'),
    partOf(actor, 'loginName'),
    idOf(target),
    partOf(target, 'name'),
    partOf(target, 'type'),
    partOf(target, 'property'),
    firstField(record, AUDIT_SPELLINGS.ip).value,
    firstField(record, AUDIT_SPELLINGS.group).value,
    field(record, 'origin'),
    field(record, 'old'),
    field(record, 'new'),
    firstField(record, AUDIT_SPELLINGS.details).value,
    field(record, 'error'),
  ];
}

/** Where an object became a lone value, that value is the id. */
function idOf(value: unknown): unknown {
  return isJsonObject(value) ? field(value, 'id') : value;
}

function partOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? field(value, name) : undefined;
}

function lengthPrefixed(fields: readonly unknown[]): string {
  const texts = fields.map((value) => canonicalJson(value));
  return texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join('');
}

/** SHA-256 of the UTF-8 bytes, in lower-case hex. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** Hex digits of each half: 8 bytes. */
const HALF = 16;

/**
 * An event's published id. The id is hashed whole, so that a policy diff and its audit event have different ones.
 *
 * @param revision See Identity.
 */
export function publishedIdOf(id: string, revision: string, millis: number | null): PublishedId {
  return { bucket: publishedBucket(millis), element: sha256(id).slice(0, HALF) + revision.slice(0, HALF) };
}
