import type { Redaction } from '../../contract/audit-event';
import { isJsonObject, setField, type JsonObject } from '../../domain/json';
import { wholeCharacters } from '../encode/describe';
import { isSecretText, mark } from './mark';
import { redactText } from './redact-text';
import type { RedactionKind } from './redaction-table';
import { isLabelledValue, isSecretName, labelsSecret } from './secret-names';

/** A copy without secrets, and the secrets that were removed. */
export interface Redacted {
  readonly value: unknown;
  readonly redactions: readonly Redaction[];
}

/** Characters of a path; a longer one ends in "…". */
const MAX_PATH = 400;

/** A list or object whose members are not copied yet. The path begins at the top of the record. */
type Pending =
  | { readonly path: string; readonly items: readonly unknown[]; readonly to: unknown[] }
  | {
      readonly path: string;
      readonly fields: JsonObject;
      readonly to: Record<string, unknown>;
      readonly withheld: Withheld;
    };

/** Fields whose value is not published, by name. */
export type Withheld = ReadonlyMap<string, WithheldValue>;

export interface WithheldValue {
  readonly kind: RedactionKind;
  /** Whether a field of the value, or the value itself (name ""), may be published. By default nothing may. */
  readonly shows?: (name: string, value: unknown) => boolean;
}

const NONE: Withheld = new Map();

/**
 * Copies a JSON value. Every secret becomes `[REDACTED <kind>]`, and half a surrogate pair becomes U+FFFD, because strict
 * readers refuse it. The value itself is not changed.
 *
 * A record may be nested deeper than the call stack allows, so this works through a list instead of calling itself.
 *
 * @param withheld Applies to the top level of the value only.
 */
export function redact(value: unknown, withheld: Withheld = NONE): Redacted {
  const redactions: Redaction[] = [];
  const pending: Pending[] = [];

  const copyText = (text: string, above: string, name: string): string => {
    const { text: left, kinds } = redactText(text);
    for (const kind of new Set(kinds)) redactions.push({ path: below(above, name), kind });
    return wellFormed(left);
  };

  const copyOf = (member: unknown, above: string, name: string, within: Withheld = NONE): unknown => {
    if (typeof member === 'string') return copyText(member, above, name);
    if (Array.isArray(member)) {
      const to = new Array<unknown>(member.length);
      pending.push({ path: below(above, name), items: member, to });
      return to;
    }
    if (!isJsonObject(member)) return member;
    const to = {};
    pending.push({ path: below(above, name), fields: member, to, withheld: within });
    return to;
  };

  const markOf = (kind: RedactionKind, above: string, name: string): string => {
    redactions.push({ path: below(above, name), kind });
    return mark(kind);
  };

  const copySecret = (member: unknown, above: string, name: string): unknown => {
    if (isEmpty(member)) return member;
    if (typeof member !== 'string') return markOf('property', above, name);
    // The id of a Tailscale key stays, whatever the name of the field.
    const left = member.startsWith('tskey-') ? redactText(member) : { text: member, kinds: [] };
    if (isSecretText(left.text)) return markOf('property', above, name);
    for (const kind of left.kinds) redactions.push({ path: below(above, name), kind });
    return left.text;
  };

  const copyWithheld = (member: unknown, above: string, name: string, { kind, shows }: WithheldValue): unknown => {
    if (isEmpty(member)) return member;
    if (shows?.('', member) === true) return copyOf(member, above, name);
    if (shows === undefined || !isJsonObject(member)) return markOf(kind, above, name);
    const fields = Object.keys(member).filter((field) => !shows(field, member[field]));
    return copyOf(member, above, name, new Map(fields.map((field) => [field, { kind }])));
  };

  const copyFields = ({ path, fields, to, withheld }: Extract<Pending, { fields: unknown }>): void => {
    const hasSecretLabel = Object.entries(fields).some(([name, member]) => labelsSecret(name, member));
    for (const [given, member] of Object.entries(fields)) {
      const name = copyText(given, path, '(name)');
      const rule = withheld.get(given);
      const isSecret = isSecretName(given) || (hasSecretLabel && isLabelledValue(given));
      const copy =
        rule === undefined
          ? (isSecret ? copySecret : copyOf)(member, path, name)
          : copyWithheld(member, path, name, rule);
      // Two names may be the same without their secrets.
      setField(to, Object.hasOwn(to, name) ? `${name}~${redactions.length}` : name, copy);
    }
  };

  const copy = copyOf(value, '', '', withheld);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path } = next;
    if ('fields' in next) copyFields(next);
    else for (const [at, item] of next.items.entries()) next.to[at] = copyOf(item, path, String(at));
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
