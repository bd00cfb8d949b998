/** Adds an item to the list under a key. */
export function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** How many of the first items pass, where none passes behind one that does not. */
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
