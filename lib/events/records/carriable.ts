import { canonicalJson, isDeeperThan, isJsonObject, setField } from '../../domain/json';

/** Levels of nesting in a field. EventBridge rejects a detail with over 1,000, and serializing a deep one overflows the stack. */
const MAX_LEVELS = 890;

/** The value with each field that is nested too deeply replaced by its JSON text; a list is replaced as a whole. */
export function carriable(value: unknown): unknown {
  if (!isDeeperThan(value, MAX_LEVELS)) return value;
  if (!isJsonObject(value)) return canonicalJson(value);
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value))
    setField(copy, name, isDeeperThan(inner, MAX_LEVELS - 1) ? canonicalJson(inner) : inner);
  return copy;
}
