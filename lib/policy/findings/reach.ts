import { createBudget } from '../access/budget';
import type { AccessRule, SshRule } from '../parse/model';
import { append } from '../parse/collections';
import { subtractPorts } from '../parse/ports';
import { createCoverage } from '../access/selector';
import type { Side } from '../access/side';

/** Steps of comparing what tags reach; a tag after it counts as reaching no more. */
const MAX_REACH_STEPS = 500_000;

export interface Reach {
  /** Whether devices of `tag` reach something, by network or by ssh, that devices of `other` do not. */
  readonly isMore: (tag: string, other: string) => boolean;
}

export function createReach({ model, resolver }: Side): Reach {
  const budget = createBudget(MAX_REACH_STEPS);
  const bySource = new Map<string, (AccessRule | SshRule)[]>();
  for (const rule of [...model.rules, ...model.ssh]) {
    for (const name of rule.src) append(bySource, name, rule);
  }
  const sources = createCoverage(bySource.keys(), resolver, budget);
  const rulesFor = (tag: string): ReadonlySet<AccessRule | SshRule> =>
    new Set(
      resolver
        .leaves(tag)
        .flatMap(sources.covering)
        .flatMap((name) => bySource.get(name) ?? []),
    );
  return {
    isMore(tag, other) {
      const own = rulesFor(other);
      const more = [...rulesFor(tag)].filter((rule) => !own.has(rule));
      const reached = [...own].flatMap((rule) => (rule.section === 'ssh' ? [] : rule.targets));
      const hosts = createCoverage(more.length > 0 ? reached.map(({ host }) => host) : [], resolver, budget);
      budget.spend(own.size + more.length + reached.length);
      return (
        !budget.isSpent() &&
        more.some((rule) => rule.section === 'ssh' || rule.app.size > 0 || rule.targets.some(isNotReached))
      );

      function isNotReached({ host, ports }: AccessRule['targets'][number]): boolean {
        return resolver.leaves(host).some((leaf) => {
          const names = new Set(hosts.covering(leaf));
          budget.spend(reached.length);
          return (
            reached
              .filter((target) => names.has(target.host))
              .reduce((left, target) => subtractPorts(left, target.ports), ports).length > 0
          );
        });
      }
    },
  };
}
