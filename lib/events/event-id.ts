import { hash } from 'node:crypto';
import type { SeenElement } from '../connector/ports';
import { AUDIT_SPELLINGS } from './audit-record';
import { seenBucket } from './event-time';
import { canonicalJson, field, isJsonObject, type JsonObject } from './json';
import { firstField, type Reading } from './reading';

/** What tells a record from all others, made from the record as received, before anything is redacted. */
export interface Identity {
  /** `a1:` or `w1:` and 64 hex digits. The same record always has the same. */
  readonly id: string;
  /** SHA-256 in lower-case hex over the pinned fields, and over nothing else: a field that Tailscale adds tomorrow changes neither. */
  readonly contentHash: string;
}

/**
 * Identity of a record.
 *
 * A field that is absent and one that is null are the same, "nothing there"; "" is a value of its own. Fields go into a
 * hash as canonical JSON, each behind its length, so that no two lists of fields read alike.
 *
 * @param tailnetKey Fixed when the connector first read the tailnet, so that two tailnets' records never share an id.
 * @param shape How the record was read; null: it could not be, and all of it counts.
 */
export function identify(record: unknown, shape: Reading['shape'] | null, tailnetKey: string): Identity {
  if (shape === null || !isJsonObject(record)) {
    const contentHash = hashFields([record]);
    return { id: `a1:${hashFields([tailnetKey, 'unparsed', contentHash])}`, contentHash };
  }
  return shape === 'configuration' ? identifyConfiguration(record, tailnetKey) : identifyAudit(record, tailnetKey);
}

/** The API gives these records no id. One operation writes many, so the group alone is none either. */
function identifyConfiguration(record: JsonObject, tailnetKey: string): Identity {
  const actor = field(record, 'actor');
  const target = field(record, 'target');
  const content = hashFields([
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
  ]);
  const fields = [
    field(record, 'eventGroupID'),
    field(record, 'eventTime'),
    field(record, 'action'),
    idOf(target),
    partOf(target, 'type'),
    partOf(target, 'property'),
    content,
  ];
  return { id: `w1:${hashFields([tailnetKey, ...fields])}`, contentHash: hashFields(fields) };
}

function identifyAudit(record: JsonObject, tailnetKey: string): Identity {
  const actor = firstField(record, AUDIT_SPELLINGS.actor).value;
  const target = firstField(record, AUDIT_SPELLINGS.target).value;
  const contentHash = hashFields([
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
  ]);
  const id = firstField(record, AUDIT_SPELLINGS.id).value;
  const isId = (typeof id === 'string' && id !== '') || typeof id === 'number';
  return { id: `a1:${isId ? hashFields([tailnetKey, String(id)]) : hashFields([tailnetKey, 'no id', contentHash])}`, contentHash };
}

/** Where an object became a lone value, that value is the id. */
function idOf(value: unknown): unknown {
  return isJsonObject(value) ? field(value, 'id') : value;
}

function partOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? field(value, name) : undefined;
}

function hashFields(fields: readonly unknown[]): string {
  const texts = fields.map((value) => canonicalJson(value));
  return sha256(texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join(''));
}

/** SHA-256 of the UTF-8 bytes, in lower-case hex. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The id of the policy diff that stands beside an audit event. */
export function policyDiffId(auditId: string): string {
  return `d1:${auditId.slice(auditId.indexOf(':') + 1)}`;
}

/** Hex digits of each half: 8 bytes. */
const HALF = 16;

/** An event's mark among what was published. The id is hashed whole, so that a diff does not have its audit event's mark. */
export function seenElement(id: string, contentHash: string, millis: number | null): SeenElement {
  return { bucket: seenBucket(millis), element: sha256(id).slice(0, HALF) + contentHash.slice(0, HALF) };
}
