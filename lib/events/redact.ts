import type { Redaction } from '../contract/audit-event';
import { wholeCharacters } from './describe';
import { isJsonObject, setField, type JsonObject } from './json';
import { isSecretText, mark, redactText } from './redact-text';
import { isSecretName } from './secret-names';

/** A copy without secrets, and what was taken out. */
export interface Redacted {
  readonly value: unknown;
  readonly redactions: readonly Redaction[];
}

/** Characters of a path; a longer one ends in "…". */
const MAX_PATH = 400;

/** A list or object whose members still have to be copied. The path is from the top of the record, and bounded. */
type Place =
  | { readonly path: string; readonly items: readonly unknown[]; readonly to: unknown[] }
  | { readonly path: string; readonly fields: JsonObject; readonly to: Record<string, unknown>; readonly withheld: Withheld };

/** Fields whose whole value is secret, with the kind to mark them as. */
export type Withheld = ReadonlyMap<string, string>;

const NONE: Withheld = new Map();

/**
 * A copy of a JSON value in which every secret is marked `[REDACTED <kind>]` and every text is well formed (half a
 * surrogate pair is no character, and strict readers of the bus refuse it). The value itself is not touched.
 *
 * Works through a list instead of calling itself, because a record may be nested deeper than the stack goes.
 *
 * @param withheld Concerns the top level of the value alone.
 */
export function redact(value: unknown, withheld: Withheld = NONE): Redacted {
  const redactions: Redaction[] = [];
  const todo: Place[] = [];

  const cleanText = (text: string, above: string, name: string): string => {
    const { text: left, kinds } = redactText(text);
    for (const kind of new Set(kinds)) redactions.push({ path: below(above, name), kind });
    return wellFormed(left);
  };

  const copyOf = (member: unknown, above: string, name: string, within: Withheld = NONE): unknown => {
    if (typeof member === 'string') return cleanText(member, above, name);
    if (Array.isArray(member)) {
      const to = new Array<unknown>(member.length);
      todo.push({ path: below(above, name), items: member, to });
      return to;
    }
    if (!isJsonObject(member)) return member;
    const to = {};
    todo.push({ path: below(above, name), fields: member, to, withheld: within });
    return to;
  };

  const copyField = (member: unknown, above: string, name: string, kind: string | undefined): unknown => {
    if (kind === undefined || isEmpty(member)) return copyOf(member, above, name);
    redactions.push({ path: below(above, name), kind });
    return mark(kind);
  };

  const copy = copyOf(value, '', '', withheld);
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    const { path } = place;
    if ('items' in place) {
      for (const [at, item] of place.items.entries()) place.to[at] = copyOf(item, path, String(at));
      continue;
    }
    for (const [given, member] of Object.entries(place.fields)) {
      const name = cleanText(given, path, '(name)');
      const kind = place.withheld.get(given) ?? (isSecretField(given, member) ? 'property' : undefined);
      setField(place.to, Object.hasOwn(place.to, name) ? `${name}~${redactions.length}` : name, copyField(member, path, name, kind));
    }
  }
  return { value: copy, redactions };
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || typeof value === 'boolean';
}

function isSecretField(name: string, value: unknown): boolean {
  return isSecretName(name) && (typeof value !== 'string' || isSecretText(value));
}

function below(path: string, name: string): string {
  if (path.length >= MAX_PATH) return path;
  const whole = path === '' ? name : `${path}.${name}`;
  return whole.length <= MAX_PATH ? whole : `${wholeCharacters(whole.slice(0, MAX_PATH - 1))}…`;
}

function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? text.replaceAll(/\p{Surrogate}/gu, '\ufffd') : text;
}
