import type { Budget } from './budget';
import { memoize } from '../parse/collections';
import type { Model } from '../parse/model';
import { isAsStrict, type Conditions } from './posture';
import { createCoverage, createResolver, type Leaf, type Resolver } from './selector';

/** One side of a change: its policy and the resolver of its names. */
export interface Side {
  readonly model: Model;
  readonly resolver: Resolver;
}

export function createSide(model: Model, isForeign: (domain: string) => boolean, budget: Budget): Side {
  return { model, resolver: createResolver(model.aliases, isForeign, budget) };
}

/** The conditions of each posture; null when no posture is required. An undefined posture counts as its own condition. */
export function conditionsOf({ model }: Side, posture: readonly string[] | null): readonly Conditions[] | null {
  return posture?.map((name) => model.postures.get(name)?.members ?? [name]) ?? null;
}

/** Compares rules and names of two sides. */
export interface Comparison {
  readonly from: Side;
  readonly to: Side;
  readonly budget: Budget;
  /** Whether `from` has an equal rule. */
  readonly isSameRule: (rule: { readonly text: string }, kind: 'access' | 'ssh') => boolean;
  /** For a rule that both sides have: whether its posture admits devices on `to` that it refused on `from`. */
  readonly isPostureLooser: (rule: {
    readonly posture: readonly string[] | null;
    readonly defaultPosture: boolean;
  }) => boolean;
  /** Leaves of a name on `to` that its leaves on `from` did not contain. */
  readonly newLeaves: (name: string) => readonly Leaf[];
}

export function compareSides(from: Side, to: Side, budget: Budget): Comparison {
  const texts = {
    access: new Set(from.model.rules.map(({ text }) => text)),
    ssh: new Set(from.model.ssh.map(({ text }) => text)),
  };
  return {
    from,
    to,
    budget,
    isSameRule: ({ text }, kind) => texts[kind].has(text),
    isPostureLooser: ({ posture, defaultPosture }) =>
      !isAsStrict(conditionsOf(to, posture), conditionsOf(from, defaultPosture ? from.model.defaultPosture : posture)),
    newLeaves: memoize((name: string) => {
      const old = new Set(from.resolver.leaves(name).map(({ key }) => key));
      const other = to.resolver.leaves(name).filter(({ key }) => !old.has(key));
      const coverage = createCoverage(other.length > 0 ? [name] : [], from.resolver, budget);
      return other.filter((leaf) => coverage.covering(leaf).length === 0);
    }),
  };
}
