import type { Budget } from './budget';
import type { Model } from '../parse/model';
import { isAsStrict, type Conditions } from './posture';
import { createCoverage, createResolver, type Leaf, type Resolver } from './selector';

/** One side of a change: its policy, and what the names in it stand for. */
export interface Side {
  readonly model: Model;
  readonly resolver: Resolver;
}

export function createSide(model: Model, isForeign: (domain: string) => boolean, budget: Budget): Side {
  return { model, resolver: createResolver(model.aliases, isForeign, budget) };
}

/** The conditions of each named posture; null where none is asked for. A posture that is not defined is a condition of its own. */
export function gateOf({ model }: Side, posture: readonly string[] | null): readonly Conditions[] | null {
  return posture?.map((name) => model.postures.get(name)?.members ?? [name]) ?? null;
}

/** What became of a rule and of the names in it, from one side to the other. */
export interface Comparison {
  readonly from: Side;
  readonly to: Side;
  readonly budget: Budget;
  /** Whether a rule of `to` stands in `from` word for word. */
  readonly isSameRule: (rule: { readonly text: string }, kind: 'access' | 'ssh') => boolean;
  /** Whether the rule's gate lets devices in that it kept out on the other side. Asked of rules that stand on both. */
  readonly isGateLooser: (rule: {
    readonly posture: readonly string[] | null;
    readonly defaultPosture: boolean;
  }) => boolean;
  /** Leaves that the name has in `to` and that were in none of those it had in `from`. */
  readonly newLeaves: (name: string) => readonly Leaf[];
}

export function compareSides(from: Side, to: Side, budget: Budget): Comparison {
  const texts = {
    access: new Set(from.model.rules.map(({ text }) => text)),
    ssh: new Set(from.model.ssh.map(({ text }) => text)),
  };
  const known = new Map<string, readonly Leaf[]>();
  return {
    from,
    to,
    budget,
    isSameRule: ({ text }, kind) => texts[kind].has(text),
    isGateLooser: ({ posture, defaultPosture }) =>
      !isAsStrict(gateOf(to, posture), gateOf(from, defaultPosture ? from.model.defaultPosture : posture)),
    newLeaves(name) {
      const before = known.get(name);
      if (before !== undefined) return before;
      const old = new Set(from.resolver.leaves(name).map(({ key }) => key));
      const other = to.resolver.leaves(name).filter(({ key }) => !old.has(key));
      const coverage = createCoverage(other.length > 0 ? [name] : [], from.resolver, budget);
      const found = other.filter((leaf) => coverage.covering(leaf).length === 0);
      known.set(name, found);
      return found;
    },
  };
}
