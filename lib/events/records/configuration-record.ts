import type { AuditEvent } from '../../contract/audit-event';
import { CATALOG } from '../catalog/catalog';
import { parseEventTime } from './event-time';
import { field, isJsonObject, type JsonObject } from '../../domain/json';
import {
  asActionRecord,
  asText,
  createDrift,
  NOBODY,
  noteUnknownFields,
  noteUnknownValue,
  NOTHING,
  readError,
  readText,
  readTexts,
  type Drift,
  type Reading,
} from './reading';

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

/** Source: Tailscale's public API description, and live records (`ADMIN_UI`, the newer target types). */
const FIELDS = words('eventTime type eventGroupID origin actor target action old new actionDetails error deferredAt');
const ACTOR_FIELDS = words('id type loginName displayName tags');
const TARGET_FIELDS = words('id name type property isEphemeral');
const ORIGINS = words(
  `ADMIN_CONSOLE ADMIN_UI CONFIG_API CONTROL IDENTITY_PROVIDER NODE SUPPORT_REQUEST STRIPE SECURITY_NOTIFICATION
  LEGAL_NOTIFICATION`,
);
const ACTOR_TYPES = words('USER NODE AUTOMATED_WORKER OAUTH_CLIENT SCIM MULLVAD LOGSTREAM SECRET_SCANNER');
const TYPES = words('CONFIG');
const TARGET_TYPES = new Set(CATALOG.map(({ native }) => native.split('.')[0] ?? ''));
const PROPERTIES = new Set(CATALOG.map(({ native }) => native.split('.')[2] ?? ''));

/** Whether a record has the `configuration` form: it has `eventTime` and `eventGroupID`, with any values. */
export function hasConfigurationShape(record: unknown): boolean {
  return isJsonObject(record) && ['eventTime', 'eventGroupID'].every((name) => field(record, name) !== undefined);
}

/**
 * Reads a record of `logging/configuration`. Unknown fields and values are noted in `drift`, not rejected.
 *
 * @returns undefined if the record has no `action`, or its time or group is neither text nor number.
 */
export function readConfigurationRecord(value: unknown): Reading | undefined {
  const found = asActionRecord(value);
  if (found === undefined) return undefined;
  const { record, verb } = found;
  const time = field(record, 'eventTime');
  const group = field(record, 'eventGroupID');
  if (!isTextual(time) || !(isTextual(group) || group === null)) return undefined;

  const drift = createDrift();
  noteUnknownFields(record, FIELDS, '', drift);
  const occurredAt = parseEventTime(time);
  if (occurredAt === null || typeof time !== 'string') drift.add('eventTime');
  noteUnknownValue(readText(record, 'type', 'type', drift), TYPES, 'type', drift);
  const origin = readText(record, 'origin', 'origin', drift);
  noteUnknownValue(origin, ORIGINS, 'origin', drift);
  return {
    shape: 'configuration',
    verb,
    occurredAt,
    origin,
    groupId: asText(group, 'eventGroupID', drift),
    actor: readActor(field(record, 'actor'), drift),
    target: readTarget(field(record, 'target'), drift),
    old: field(record, 'old') ?? null,
    new: field(record, 'new') ?? null,
    actionDetails: readDetails(record, drift),
    error: readError(record, drift),
    drift,
  };
}

function isTextual(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function readDetails(record: JsonObject, drift: Drift): unknown {
  const details = field(record, 'actionDetails') ?? null;
  if (details !== null && typeof details !== 'string') drift.add('actionDetails');
  return details;
}

function readActor(value: unknown, drift: Drift): AuditEvent['actor'] {
  if (value === undefined || value === null) return NOBODY;
  if (!isJsonObject(value)) return { ...NOBODY, id: notAnObject(value, 'actor', drift) };
  noteUnknownFields(value, ACTOR_FIELDS, 'actor.', drift);
  const type = readText(value, 'type', 'actor.type', drift);
  noteUnknownValue(type, ACTOR_TYPES, 'actor.type', drift);
  return {
    id: readText(value, 'id', 'actor.id', drift),
    type,
    loginName: readText(value, 'loginName', 'actor.loginName', drift),
    displayName: readText(value, 'displayName', 'actor.displayName', drift),
    tags: readTexts(value, 'tags', 'actor.tags', drift),
    ip: null,
  };
}

function readTarget(value: unknown, drift: Drift): AuditEvent['target'] {
  if (value === undefined || value === null) return NOTHING;
  if (!isJsonObject(value)) return { ...NOTHING, id: notAnObject(value, 'target', drift) };
  noteUnknownFields(value, TARGET_FIELDS, 'target.', drift);
  const type = readText(value, 'type', 'target.type', drift);
  noteUnknownValue(type, TARGET_TYPES, 'target.type', drift);
  const property = readText(value, 'property', 'target.property', drift);
  noteUnknownValue(property, PROPERTIES, 'target.property', drift);
  return {
    id: readText(value, 'id', 'target.id', drift),
    name: readText(value, 'name', 'target.name', drift),
    type,
    property,
  };
}

/** A single value in place of an object is read as the id. */
function notAnObject(value: unknown, path: string, drift: Drift): string | null {
  drift.add(path);
  return asText(value, path, drift);
}
