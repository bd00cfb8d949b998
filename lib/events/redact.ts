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

/** Characters of a path; deeper ones end in "…". */
const MAX_PATH = 400;

/** A list or object whose members still have to be copied, with the way back up for their paths. */
interface Place {
  readonly name: string | number;
  readonly above: Place | null;
  readonly from: readonly unknown[] | JsonObject;
  readonly to: unknown[] | Record<string, unknown>;
}

/**
 * A copy of a JSON value in which every secret is marked `[REDACTED <kind>]` and every text is well formed (half a
 * surrogate pair is no character, and strict readers of the bus refuse it). The value itself is not touched.
 *
 * Works through a list instead of calling itself, because a record may be nested deeper than the stack goes.
 *
 * @param withheld Top-level fields whose whole value is secret in this record, with the kind to mark them as.
 */
export function redact(value: unknown, withheld: ReadonlyMap<string, string> = new Map()): Redacted {
  const redactions: Redaction[] = [];
  const todo: Place[] = [];

  const clean = (text: string, name: string | number, above: Place | null): string => {
    const { text: left, kinds } = redactText(text);
    for (const kind of new Set(kinds)) redactions.push({ path: pathOf(name, above), kind });
    return wellFormed(left);
  };

  const copyOf = (member: unknown, name: string | number, above: Place | null): unknown => {
    const kind = above === null ? undefined : secretKind(member, name, above, withheld);
    if (kind !== undefined) {
      redactions.push({ path: pathOf(name, above), kind });
      return mark(kind);
    }
    if (typeof member === 'string') return clean(member, name, above);
    if (Array.isArray(member)) return enter({ name, above, from: member, to: new Array<unknown>(member.length) });
    return isJsonObject(member) ? enter({ name, above, from: member, to: {} }) : member;
  };

  const enter = (place: Place): unknown => {
    todo.push(place);
    return place.to;
  };

  const copy = copyOf(value, '', null);
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    const { from, to } = place;
    if (Array.isArray(to)) for (const [at, member] of Object.values(from).entries()) to[at] = copyOf(member, at, place);
    else {
      for (const [given, member] of Object.entries(from)) {
        const name = clean(given, mark('name'), place);
        setField(to, Object.hasOwn(to, name) ? `${name}~` : name, copyOf(member, name, place));
      }
    }
  }
  return { value: copy, redactions };
}

function secretKind(value: unknown, name: string | number, above: Place, withheld: ReadonlyMap<string, string>): string | undefined {
  if (value === null || value === '' || typeof value === 'boolean' || typeof name === 'number') return undefined;
  const kind = above.above === null ? withheld.get(name) : undefined;
  if (kind !== undefined) return kind;
  return isSecretName(name) && (typeof value !== 'string' || isSecretText(value)) ? 'property' : undefined;
}

/** `new.endpoint.token`, from the top of the record. */
function pathOf(name: string | number, above: Place | null): string {
  const names = [name];
  for (let at = above; at !== null && at.above !== null; at = at.above) names.push(at.name);
  const path = names.reverse().join('.');
  return path.length <= MAX_PATH ? path : `${wholeCharacters(path.slice(0, MAX_PATH))}…`;
}

function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? text.replaceAll(/\p{Surrogate}/gu, '\ufffd') : text;
}
