/** Rules are one rule before and after from this likeness on: shared features by all features. Those with the same ends are at least so alike. */
export const LEAST_LIKENESS = 0.5;
/** Comparisons of two rules in one section; beyond it rules are only added and removed. */
export const MAX_COMPARISONS = 250_000;

interface Comparable {
  readonly text: string;
}

export interface Features {
  readonly all: ReadonlySet<string>;
  /** From where to where, in one spelling; null where there is no such thing. */
  readonly ends: string | null;
}

/** Pairs what is most alike first. Does not depend on order, and swapping the sides gives the same pairs. */
export function pairAlike<Item extends Comparable>(
  old: readonly Item[],
  next: readonly Item[],
  features: (item: Item) => Features,
): readonly { readonly old: Item; readonly next: Item }[] {
  if (old.length === 0 || next.length === 0 || old.length * next.length > MAX_COMPARISONS) return [];
  const newFeatures = next.map((item) => ({ item, features: features(item) }));
  const candidates = old.flatMap((item) => {
    const own = features(item);
    return newFeatures
      .map((other) => ({ old: item, next: other.item, likeness: likeness(own, other.features) }))
      .filter(({ likeness }) => likeness >= LEAST_LIKENESS);
  });
  const taken = new Set<Item>();
  return candidates
    .sort((a, b) => b.likeness - a.likeness || compareTexts(a, b, 0) || compareTexts(a, b, 1))
    .filter((pair) => {
      if (taken.has(pair.old) || taken.has(pair.next)) return false;
      taken.add(pair.old).add(pair.next);
      return true;
    })
    .map(({ old: before, next: after }) => ({ old: before, next: after }));
}

interface Pair {
  readonly old: Comparable;
  readonly next: Comparable;
}

/** By the lesser (0) or the greater (1) text of each pair, so that it does not matter which side is which. */
function compareTexts(a: Pair, b: Pair, which: 0 | 1): number {
  const [left = '', right = ''] = [a, b].map((pair) => [pair.old.text, pair.next.text].sort()[which]);
  return left < right ? -1 : left > right ? 1 : 0;
}

function likeness(a: Features, b: Features): number {
  const shared = jaccard(a.all, b.all);
  return a.ends !== null && a.ends === b.ends ? Math.max(shared, LEAST_LIKENESS) : shared;
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const feature of few) if (many.has(feature)) shared += 1;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}
