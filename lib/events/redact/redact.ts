import type { Redaction } from '../../contract/audit-event';
import { wholeCharacters } from '../encode/describe';
import { isJsonObject, setField, type JsonObject } from '../../domain/json';
import { isLabelledValue, labelsSecret } from './labelled';
import { mark } from './mark';
import { isSecretText } from './named-values';
import { redactText } from './redact-text';
import type { RedactionKind } from './redaction-table';
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
  | {
      readonly path: string;
      readonly fields: JsonObject;
      readonly to: Record<string, unknown>;
      readonly withheld: Withheld;
    };

/** Fields whose value is secret as a whole, or all but some fields of it. */
export type Withheld = ReadonlyMap<string, WithheldValue>;

export interface WithheldValue {
  readonly kind: RedactionKind;
  /** Whether a field of the value, or the value itself (name ""), may be shown; else it is marked. */
  readonly shows?: (name: string, value: unknown) => boolean;
}

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

  const hidden = (above: string, name: string, kind: RedactionKind): string => {
    redactions.push({ path: below(above, name), kind });
    return mark(kind);
  };

  const copySecret = (member: unknown, above: string, name: string): unknown => {
    if (isEmpty(member)) return member;
    if (typeof member !== 'string') return hidden(above, name, 'property');
    // Of a Tailscale key the id stays, whatever the field is called.
    const left = member.startsWith('tskey-') ? redactText(member) : { text: member, kinds: [] };
    if (isSecretText(left.text)) return hidden(above, name, 'property');
    for (const kind of left.kinds) redactions.push({ path: below(above, name), kind });
    return left.text;
  };

  const copyWithheld = (member: unknown, above: string, name: string, { kind, shows }: WithheldValue): unknown => {
    if (isEmpty(member)) return member;
    if (shows?.('', member) === true) return copyOf(member, above, name);
    if (shows === undefined || !isJsonObject(member)) return hidden(above, name, kind);
    const fields = Object.keys(member).filter((field) => !shows(field, member[field]));
    return copyOf(member, above, name, new Map(fields.map((field) => [field, { kind }])));
  };

  const copy = copyOf(value, '', '', withheld);
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    const { path } = place;
    if ('items' in place) {
      for (const [at, item] of place.items.entries()) place.to[at] = copyOf(item, path, String(at));
      continue;
    }
    const fields = Object.entries(place.fields);
    const hasSecretLabel = fields.some(([name, member]) => labelsSecret(name, member));
    for (const [given, member] of fields) {
      const name = cleanText(given, path, '(name)');
      const withheld = place.withheld.get(given);
      const isSecret = isSecretName(given) || (hasSecretLabel && isLabelledValue(given));
      const value =
        withheld !== undefined
          ? copyWithheld(member, path, name, withheld)
          : isSecret
            ? copySecret(member, path, name)
            : copyOf(member, path, name);
      setField(place.to, Object.hasOwn(place.to, name) ? `${name}~${redactions.length}` : name, value);
    }
  }
  return { value: copy, redactions };
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || typeof value === 'boolean';
}

function below(path: string, name: string): string {
  if (path.length >= MAX_PATH) return path;
  const whole = path === '' ? name : `${path}.${name}`;
  return whole.length <= MAX_PATH ? whole : `${wholeCharacters(whole.slice(0, MAX_PATH - 1))}…`;
}

function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? text.replaceAll(/\p{Surrogate}/gu, '\ufffd') : text;
}
