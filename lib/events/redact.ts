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

/** One value on its way into the copy, with the way back up for its path. */
interface Step {
  readonly value: unknown;
  readonly name: string;
  readonly above: Step | null;
  readonly put: (value: unknown) => void;
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
  let copy: unknown;
  const todo: Step[] = [{ value, name: '', above: null, put: (result) => (copy = result) }];
  const hide = (step: Step, kind: string): void => {
    step.put(mark(kind));
    redactions.push({ path: pathOf(step), kind });
  };

  for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
    const kind = secretKind(step, withheld);
    if (kind !== undefined) hide(step, kind);
    else if (typeof step.value === 'string') {
      const { text, kinds } = redactText(step.value);
      step.put(wellFormed(text));
      if (kinds.length > 0) for (const one of new Set(kinds)) redactions.push({ path: pathOf(step), kind: one });
    } else if (Array.isArray(step.value)) step.put(copyArray(step.value, step, todo));
    else if (isJsonObject(step.value)) step.put(copyObject(step.value, step, todo, redactions));
    else step.put(step.value);
  }
  return { value: copy, redactions };
}

function secretKind({ value, name, above }: Step, withheld: ReadonlyMap<string, string>): string | undefined {
  if (above === null || value === null || value === '' || typeof value === 'boolean') return undefined;
  const kind = above.above === null ? withheld.get(name) : undefined;
  if (kind !== undefined) return kind;
  return isSecretName(name) && (typeof value !== 'string' || isSecretText(value)) ? 'property' : undefined;
}

/** Last in, first out: the end goes in first, so that redactions come in the order of the record. */
function copyArray(items: readonly unknown[], above: Step, todo: Step[]): unknown[] {
  const copy = new Array<unknown>(items.length);
  for (let at = items.length - 1; at >= 0; at -= 1) {
    todo.push({ value: items[at], name: String(at), above, put: (result) => (copy[at] = result) });
  }
  return copy;
}

function copyObject(object: JsonObject, above: Step, todo: Step[], redactions: Redaction[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  const steps = Object.entries(object).map(([given, value], at): Step => {
    const { text, kinds } = redactText(given);
    const clean = wellFormed(text);
    const name = Object.hasOwn(copy, clean) ? `${clean}~${at}` : clean;
    setField(copy, name, null);
    const step: Step = { value, name, above, put: (result) => { setField(copy, name, result); } };
    for (const kind of new Set(kinds)) redactions.push({ path: pathOf(step), kind });
    return step;
  });
  for (let at = steps.length - 1; at >= 0; at -= 1) todo.push(...steps.slice(at, at + 1));
  return copy;
}

/** `new.endpoint.token`, from the top of the record. */
function pathOf(step: Step): string {
  const names: string[] = [];
  for (let at = step; at.above !== null; at = at.above) names.push(at.name);
  const path = names.reverse().join('.');
  return path.length <= MAX_PATH ? path : `${wholeCharacters(path.slice(0, MAX_PATH))}…`;
}

function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? text.replaceAll(/\p{Surrogate}/gu, '\ufffd') : text;
}
