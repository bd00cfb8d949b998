import type { AuditEvent } from '../../contract/audit-event';
import type { EventTime } from './event-time';
import { canonicalJson, field, isJsonObject, type JsonObject } from '../../domain/json';

/** What both kinds of record come down to: behind this the dialects end. */
export interface Reading {
  /** Which shape the record had; the shape decides, not the envelope it came in. */
  readonly shape: 'configuration' | 'audit';
  /** The record's `action`: a native verb, or in the audit shape the canonical action itself. */
  readonly verb: string;
  readonly occurredAt: EventTime | null;
  readonly origin: string | null;
  readonly groupId: string | null;
  readonly actor: AuditEvent['actor'];
  readonly target: AuditEvent['target'];
  /** null where the record has none. */
  readonly old: unknown;
  readonly new: unknown;
  readonly actionDetails: unknown;
  /** Tailscale's reason; null: the change succeeded. */
  readonly error: string | null;
  readonly drift: Drift;
}

/** Paths whose name, value or type is news. */
export interface Drift {
  readonly paths: readonly string[];
  add(path: string): void;
}

/** Paths kept; behind them the record is another kind of thing, and saying so at length helps nobody. */
export const MAX_DRIFT = 100;

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

/** Notes the fields that nobody has told us of. */
export function noteUnknownFields(object: JsonObject, known: ReadonlySet<string>, prefix: string, drift: Drift): void {
  for (const name in object) {
    if (Object.hasOwn(object, name) && !known.has(name)) drift.add(prefix + name);
  }
}

/** Notes a value outside a list that Tailscale has published. The value is passed on all the same. */
export function noteUnknownValue(value: string | null, known: ReadonlySet<string>, path: string, drift: Drift): void {
  if (value !== null && value !== '' && !known.has(value)) drift.add(path);
}

/** A text field as received, "" included; null where there is none. Another type is read as its JSON text and noted. */
export function readText(object: JsonObject, name: string, path: string, drift: Drift): string | null {
  return asText(field(object, name), path, drift);
}

/** The first of several spellings of one field that is there. */
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

/** The text of a value; a number is its digits, any other type its JSON, and both are noted. */
export function asText(value: unknown, path: string, drift: Drift): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  drift.add(path);
  return typeof value === 'number' ? String(value) : canonicalJson(value);
}

/** A list of texts. A lone text is a list of one and is noted. */
export function readTexts(object: JsonObject, name: string, path: string, drift: Drift): string[] {
  const value = field(object, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) drift.add(path);
  return (Array.isArray(value) ? value : [value]).map(
    (item: unknown, at) => asText(item, `${path}.${at}`, drift) ?? '',
  );
}

/** Why a change failed; null when it did not: absent, null, "" and false all say so. */
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

/** The record and its action; undefined when it is no object or names no action: then nothing can be said of it. */
export function asActionRecord(value: unknown): { readonly record: JsonObject; readonly verb: string } | undefined {
  if (!isJsonObject(value)) return undefined;
  const verb = field(value, 'action');
  return typeof verb === 'string' && verb !== '' ? { record: value, verb } : undefined;
}
