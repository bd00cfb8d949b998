/** Adds an item to the list under a key. */
export function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** Number of items that pass. Those that pass must come first. */
export function countWhile<Item>(sorted: readonly Item[], passes: (item: Item) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item === undefined || passes(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The items that are not in `other`. */
export function without<Item>(items: readonly Item[], other: Iterable<Item>): readonly Item[] {
  const known = new Set(other);
  return items.filter((item) => !known.has(item));
}

/** The same function, computed once for each key. */
export function memoize<Argument, Value extends object>(
  compute: (argument: Argument) => Value,
  keyOf: (argument: Argument) => unknown = (argument) => argument,
): (argument: Argument) => Value {
  return memoized(compute, keyOf, new Map());
}

/** The same function, computed once for each object. The result is kept as long as the object. */
export function memoizeByObject<Argument extends object, Value extends object>(
  compute: (argument: Argument) => Value,
): (argument: Argument) => Value {
  return memoized(compute, (argument) => argument, new WeakMap<Argument, Value>());
}

function memoized<Argument, Key, Value extends object>(
  compute: (argument: Argument) => Value,
  keyOf: (argument: Argument) => Key,
  cache: { get: (key: Key) => Value | undefined; set: (key: Key, value: Value) => unknown },
): (argument: Argument) => Value {
  return (argument) => {
    const key = keyOf(argument);
    const known = cache.get(key) ?? compute(argument);
    cache.set(key, known);
    return known;
  };
}
