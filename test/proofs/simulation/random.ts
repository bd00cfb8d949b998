import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';

/** A stream of draws that a seed fixes for good. */
export interface Random {
  /** A whole number, both bounds included. */
  int(from: number, to: number): number;
  /** True that often, of 1. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
}

/** Each stream of a seed is drawn from alone, so that one more draw here changes nothing there. */
export function createRandom(seed: number, stream: 'records' | 'plan' | 'fates'): Random {
  const generator = mersenne(Math.imul(seed, 8) + { records: 1, plan: 2, fates: 3 }[stream]);
  const int = (from: number, to: number) => uniformInt(generator, from, to);
  return {
    int,
    chance: (probability) => int(0, 999_999) < probability * 1_000_000,
    pick: (items) => items[int(0, items.length - 1)] ?? items[0],
  };
}
