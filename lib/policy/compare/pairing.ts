/** Least similarity, shared features by all features, of two versions of one rule. Rules with the same ends always have it. */
const LEAST_SIMILARITY = 0.5;
/** Maximum comparisons of two rules in one section; above it rules are only added and removed. */
const MAX_COMPARISONS = 250_000;

interface Comparable {
  readonly text: string;
}

interface Pair<Item> {
  readonly old: Item;
  readonly next: Item;
}

export interface Features {
  readonly all: ReadonlySet<string>;
  /** Sources and destinations as text; null when one of them is missing. */
  readonly ends: string | null;
}

/** Pairs the most similar items first. The result does not depend on order, and swapped sides give the same pairs. */
export function pairSimilar<Item extends Comparable>(
  old: readonly Item[],
  next: readonly Item[],
  features: (item: Item) => Features,
): readonly Pair<Item>[] {
  if (old.length === 0 || next.length === 0 || old.length * next.length > MAX_COMPARISONS) return [];
  const newFeatures = next.map((item) => ({ item, features: features(item) }));
  const candidates = old.flatMap((item) => {
    const own = features(item);
    return newFeatures
      .map((other) => ({ old: item, next: other.item, similarity: similarity(own, other.features) }))
      .filter(({ similarity }) => similarity >= LEAST_SIMILARITY);
  });
  const taken = new Set<Item>();
  return candidates
    .sort((a, b) => b.similarity - a.similarity || compareTexts(a, b, 0) || compareTexts(a, b, 1))
    .filter((pair) => {
      if (taken.has(pair.old) || taken.has(pair.next)) return false;
      taken.add(pair.old).add(pair.next);
      return true;
    })
    .map(({ old: before, next: after }) => ({ old: before, next: after }));
}

/** Compares the lesser (0) or the greater (1) text of each pair, so that swapped sides give the same order. */
function compareTexts(a: Pair<Comparable>, b: Pair<Comparable>, which: 0 | 1): number {
  const [left = '', right = ''] = [a, b].map((pair) => [pair.old.text, pair.next.text].sort()[which]);
  return left < right ? -1 : left > right ? 1 : 0;
}

function similarity(a: Features, b: Features): number {
  const [few, many] = a.all.size < b.all.size ? [a.all, b.all] : [b.all, a.all];
  let shared = 0;
  for (const feature of few) if (many.has(feature)) shared += 1;
  const all = few.size + many.size - shared;
  const ratio = all === 0 ? 0 : shared / all;
  return a.ends !== null && a.ends === b.ends ? Math.max(ratio, LEAST_SIMILARITY) : ratio;
}
