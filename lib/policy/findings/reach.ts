import { subtractPorts } from '../ports';
import { createCoverage } from '../selector';
import type { Side } from '../side';
import { createBudget } from '../budget';

/** Steps for one pair of tags. */
const MAX_REACH_STEPS = 200_000;

/** Whether devices of `tag` reach something, by network or by ssh, that devices of `other` do not. */
export function hasMoreReach({ model, resolver }: Side, tag: string, other: string): boolean {
  const budget = createBudget(MAX_REACH_STEPS);
  const sources = createCoverage([...model.rules, ...model.ssh].flatMap(({ src }) => src), resolver, budget);
  const namesOf = (name: string): ReadonlySet<string> => new Set(resolver.leaves(name).flatMap(sources.covering));
  const [tagNames, otherNames] = [namesOf(tag), namesOf(other)];
  const from = (names: ReadonlySet<string>, src: readonly string[]): boolean => src.some((name) => names.has(name));
  const reached = model.rules.filter(({ src }) => from(otherNames, src)).flatMap(({ targets }) => targets);
  const hosts = createCoverage(reached.map(({ host }) => host), resolver, budget);
  const more = model.rules
    .filter(({ src }) => from(tagNames, src) && !from(otherNames, src))
    .some(({ targets, app }) => app.size > 0 || targets.some(({ host, ports }) => resolver.leaves(host).some((leaf) => {
      const names = new Set(hosts.covering(leaf));
      return reached.filter((target) => names.has(target.host)).reduce((left, target) => subtractPorts(left, target.ports), ports).length > 0;
    })));
  return more || model.ssh.some(({ src }) => from(tagNames, src) && !from(otherNames, src));
}
