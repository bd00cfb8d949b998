import type { AuditEvent } from '../../contract/audit-event';
import { parseEventTime } from './event-time';
import { field, isJsonObject, type JsonObject } from '../../domain/json';
import {
  asActionRecord,
  asText,
  createDrift,
  firstField,
  NOBODY,
  noteUnknownFields,
  NOTHING,
  readError,
  readText,
  readTexts,
  type Drift,
  type Reading,
} from './reading';

/** The names that each field may have, the preferred one first. */
export const AUDIT_SPELLINGS = {
  id: ['id', 'eventId'],
  time: ['created', 'timestamp', 'time', 'eventTime'],
  actor: ['actor', 'user'],
  target: ['target', 'node'],
  ip: ['actorIp', 'ip'],
  details: ['actionDetails', 'details'],
  group: ['eventGroupID', 'groupId'],
} as const;

const ID_NAMES = ['id', 'nodeId', 'userId'] as const;
const LOGIN_NAMES = ['loginName', 'login', 'email'] as const;
const DISPLAY_NAMES = ['displayName', 'name'] as const;
const TARGET_NAMES = ['name', 'hostname', 'displayName', 'loginName'] as const;

const OTHER_FIELDS = ['action', 'old', 'new', 'error', 'origin', 'type'] as const;
const FIELDS = new Set<string>([...Object.values(AUDIT_SPELLINGS).flat(), ...OTHER_FIELDS]);
const ACTOR_FIELDS = new Set<string>([...ID_NAMES, ...LOGIN_NAMES, ...DISPLAY_NAMES, 'type', 'tags', 'ip']);
const TARGET_FIELDS = new Set<string>([...ID_NAMES, ...TARGET_NAMES, 'type', 'property', 'isEphemeral']);

/**
 * Reads a record that names its canonical action: `{id, action: "acl:update", actor, target, created, …}`. Actor and
 * target may be a single name. Unknown fields are noted in `drift`, not rejected.
 *
 * @returns undefined if the record has no action.
 */
export function readAuditRecord(value: unknown): Reading | undefined {
  const found = asActionRecord(value);
  if (found === undefined) return undefined;
  const { record, verb } = found;
  const drift = createDrift();
  noteUnknownFields(record, FIELDS, '', drift);
  const { name: timeName, value: time } = firstField(record, AUDIT_SPELLINGS.time);
  const occurredAt = parseEventTime(time);
  if (occurredAt === null && time !== undefined) drift.add(timeName);
  const { name: detailsName, value: details } = firstField(record, AUDIT_SPELLINGS.details);
  if (details !== undefined && typeof details !== 'string') drift.add(detailsName);
  return {
    shape: 'audit',
    verb,
    occurredAt,
    origin: readText(record, 'origin', 'origin', drift),
    groupId: oneOf(record, AUDIT_SPELLINGS.group, '', drift),
    actor: readActor(record, drift),
    target: readTarget(record, drift),
    old: field(record, 'old') ?? null,
    new: field(record, 'new') ?? null,
    actionDetails: details ?? null,
    error: readError(record, drift),
    drift,
  };
}

function readActor(record: JsonObject, drift: Drift): AuditEvent['actor'] {
  const { name, value } = firstField(record, AUDIT_SPELLINGS.actor);
  const ip = oneOf(record, AUDIT_SPELLINGS.ip, '', drift);
  if (!isJsonObject(value)) {
    const text = asText(value, name, drift);
    return text?.includes('@') === true ? { ...NOBODY, loginName: text, ip } : { ...NOBODY, id: text, ip };
  }
  noteUnknownFields(value, ACTOR_FIELDS, `${name}.`, drift);
  return {
    id: oneOf(value, ID_NAMES, `${name}.`, drift),
    type: readText(value, 'type', `${name}.type`, drift),
    loginName: oneOf(value, LOGIN_NAMES, `${name}.`, drift),
    displayName: oneOf(value, DISPLAY_NAMES, `${name}.`, drift),
    tags: readTexts(value, 'tags', `${name}.tags`, drift),
    ip: ip ?? readText(value, 'ip', `${name}.ip`, drift),
  };
}

function readTarget(record: JsonObject, drift: Drift): AuditEvent['target'] {
  const { name, value } = firstField(record, AUDIT_SPELLINGS.target);
  if (!isJsonObject(value)) return { ...NOTHING, id: asText(value, name, drift) };
  noteUnknownFields(value, TARGET_FIELDS, `${name}.`, drift);
  return {
    id: oneOf(value, ID_NAMES, `${name}.`, drift),
    name: oneOf(value, TARGET_NAMES, `${name}.`, drift),
    type: readText(value, 'type', `${name}.type`, drift),
    property: readText(value, 'property', `${name}.property`, drift),
  };
}

function oneOf(object: JsonObject, names: readonly string[], prefix: string, drift: Drift): string | null {
  const { name, value } = firstField(object, names);
  return asText(value, prefix + name, drift);
}
