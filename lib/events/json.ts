/** A JSON object whose fields nobody has checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own field; undefined when the object has none. What `Object.prototype` carries is not part of a record. */
export function field(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Sets an own field, `__proto__` included: plain assignment would change the object's prototype and lose the value. */
export function setField(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/**
 * JSON text with sorted keys and no spaces: equal values give equal text whatever order their keys came in.
 *
 * Works through a list instead of calling itself, because a record may be nested deeper than the stack goes.
 */
export function canonicalJson(value: unknown): string {
  if (!isContainer(value)) return scalarJson(value);
  const out: string[] = [];
  const todo: Step[] = [{ value }];
  for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
    if ('text' in step) out.push(step.text);
    else if (Array.isArray(step.value)) pushArray(todo, step.value);
    else if (isJsonObject(step.value)) pushObject(todo, step.value);
    else out.push(scalarJson(step.value));
  }
  return out.join('');
}

type Step = { readonly text: string } | { readonly value: unknown };

/** Last in, first out: each list goes in from its end. */
function pushArray(todo: Step[], items: readonly unknown[]): void {
  todo.push({ text: ']' });
  for (let at = items.length - 1; at >= 0; at -= 1) {
    todo.push({ value: items[at] });
    if (at > 0) todo.push({ text: ',' });
  }
  todo.push({ text: '[' });
}

function pushObject(todo: Step[], object: JsonObject): void {
  const names = Object.keys(object).sort();
  todo.push({ text: '}' });
  for (let at = names.length - 1; at >= 0; at -= 1) {
    const name = names[at] ?? '';
    todo.push({ value: object[name] }, { text: `${at > 0 ? ',' : ''}${JSON.stringify(name)}:` });
  }
  todo.push({ text: '{' });
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** What JSON has no word for is null, as in JSON.stringify's arrays. */
function scalarJson(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? JSON.stringify(value) : 'null';
}

/** Whether the value is nested deeper than `levels`; a scalar has no level. Calls itself at most `levels` times deep. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
