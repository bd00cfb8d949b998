import type { AuditEvent } from '../../contract/audit-event';
import type { EventTime } from './event-time';
import { canonicalJson, field, isJsonObject, type JsonObject } from '../../domain/json';

/** A record of either dialect, read. */
export interface Reading {
  /** The form of the record itself, whichever dialect the API answered in. */
  readonly shape: 'configuration' | 'audit';
  /** The record's `action`: a native verb, or in the audit shape the canonical action itself. */
  readonly verb: string;
  readonly occurredAt: EventTime | null;
  readonly origin: string | null;
  readonly groupId: string | null;
  readonly actor: AuditEvent['actor'];
  readonly target: AuditEvent['target'];
  /** null if the record has none. */
  readonly old: unknown;
  readonly new: unknown;
  readonly actionDetails: unknown;
  /** Tailscale's reason for a failed change; null if it succeeded. */
  readonly error: string | null;
  readonly drift: Drift;
}

/** Paths of a record whose name, value or type this version does not know. */
export interface Drift {
  readonly paths: readonly string[];
  add(path: string): void;
}

/** Paths that are kept; more would not help a reader. */
const MAX_DRIFT = 100;

/** Characters of one path. */
const MAX_DRIFT_PATH = 200;

export function createDrift(): Drift {
  const paths = new Set<string>();
  return {
    get paths() {
      return [...paths];
    },
    add: (path) => {
      if (paths.size < MAX_DRIFT) paths.add(path.slice(0, MAX_DRIFT_PATH));
    },
  };
}

/** Notes the unknown fields of an object. */
export function noteUnknownFields(object: JsonObject, known: ReadonlySet<string>, prefix: string, drift: Drift): void {
  for (const name in object) {
    if (Object.hasOwn(object, name) && !known.has(name)) drift.add(prefix + name);
  }
}

/** Notes a value that Tailscale's documentation does not list. */
export function noteUnknownValue(value: string | null, known: ReadonlySet<string>, path: string, drift: Drift): void {
  if (value !== null && value !== '' && !known.has(value)) drift.add(path);
}

/** A text field; null if it is missing. Another type is read as by asText. */
export function readText(object: JsonObject, name: string, path: string, drift: Drift): string | null {
  return asText(field(object, name), path, drift);
}

/** The first of several names of a field that the object has. */
export function firstField(
  object: JsonObject,
  names: readonly string[],
): { readonly name: string; readonly value: unknown } {
  for (const name of names) {
    const value = field(object, name);
    if (value !== undefined && value !== null) return { name, value };
  }
  return { name: names[0] ?? '', value: undefined };
}

/** A value as text; null if it is missing. A number becomes its digits, any other type its JSON, and both are noted. */
export function asText(value: unknown, path: string, drift: Drift): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  drift.add(path);
  return typeof value === 'number' ? String(value) : canonicalJson(value);
}

/** A list of texts. A single text is a list of one and is noted. */
export function readTexts(object: JsonObject, name: string, path: string, drift: Drift): string[] {
  const value = field(object, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) drift.add(path);
  return (Array.isArray(value) ? value : [value]).map(
    (item: unknown, at) => asText(item, `${path}.${at}`, drift) ?? '',
  );
}

/** The reason for a failed change. Missing, null, "" and false all mean that it succeeded. */
export function readError(object: JsonObject, drift: Drift): string | null {
  const value = field(object, 'error');
  if (value === false) drift.add('error');
  if (value === '' || value === false) return null;
  return asText(value, 'error', drift);
}

export const NOBODY: AuditEvent['actor'] = {
  id: null,
  type: null,
  loginName: null,
  displayName: null,
  tags: [],
  ip: null,
};
export const NOTHING: AuditEvent['target'] = { id: null, name: null, type: null, property: null };

/** The record and its action; undefined if it is not an object or has no action. */
export function asActionRecord(value: unknown): { readonly record: JsonObject; readonly verb: string } | undefined {
  if (!isJsonObject(value)) return undefined;
  const verb = field(value, 'action');
  return typeof verb === 'string' && verb !== '' ? { record: value, verb } : undefined;
}
