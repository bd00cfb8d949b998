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
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

/** A list or object that is being written. */
interface Frame {
  /** null: a list. */
  readonly names: readonly string[] | null;
  readonly values: readonly unknown[];
  next: number;
}

/**
 * JSON text with sorted keys and no spaces: equal values give equal text whatever order their keys came in.
 *
 * Keeps its own stack instead of calling itself, because a record may be nested deeper than the engine's goes.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object') return scalarJson(value);
  const out: string[] = [];
  const stack: Frame[] = [];
  const write = (member: unknown): void => {
    if (Array.isArray(member)) {
      stack.push({ names: null, values: member, next: 0 });
      out.push('[');
    } else if (isJsonObject(member)) {
      const names = Object.keys(member).sort();
      stack.push({ names, values: names.map((name) => member[name]), next: 0 });
      out.push('{');
    } else out.push(scalarJson(member));
  };

  write(value);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { names, values, next } = frame;
    if (next === values.length) {
      out.push(names === null ? ']' : '}');
      stack.pop();
      continue;
    }
    frame.next += 1;
    if (next > 0) out.push(',');
    if (names !== null) out.push(JSON.stringify(names[next]), ':');
    write(values[next]);
  }
  return out.join('');
}

/** What JSON has no word for is null, as in JSON.stringify's arrays. */
function scalarJson(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? JSON.stringify(value)
    : 'null';
}

/** Whether the value is nested deeper than `levels`; a scalar has no level. Calls itself at most `levels` times deep. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
