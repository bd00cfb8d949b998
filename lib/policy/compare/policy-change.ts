import { accessGains, createAccessIndex, type AccessIndex, type Gain } from '../access/access';
import { createBudget, type Budget } from '../access/budget';
import { capabilityGains, type CapabilityGain } from '../access/capability';
import { gainedApprovers, gainedOwners, type Holding } from '../access/holding';
import { domainOf } from '../access/selector';
import { compareSides, createSide, type Comparison } from '../access/side';
import { createSshIndex, sshGains, type SshGain, type SshIndex } from '../access/ssh-access';
import { namesInRule, readModel, type AccessRule, type Model, type SshRule } from '../parse/model';
import { NO_POLICY, type Policy } from '../parse/policy';
import { matchEntries } from './semantic-diff';
import { withRenamedTags } from './tag-rename';

/** Maximum gains of one kind; the rest is not reported. */
const MAX_GAINS = 20_000;

/** What the new side allows that the old side did not: the input of findings and of the change kind. */
export interface PolicyChange {
  readonly old: Model;
  readonly next: Model;
  readonly comparison: Comparison;
  readonly access: readonly Gain[];
  readonly before: AccessIndex;
  readonly capabilities: readonly CapabilityGain[];
  readonly ssh: readonly SshGain[];
  readonly sshBefore: SshIndex;
  readonly owners: readonly Holding[];
  readonly approvers: readonly Holding[];
  /** The old version of each changed rule, by its path on the new side. Computed on first use. */
  readonly previous: () => ReadonlyMap<string, AccessRule | SshRule>;
  readonly isForeign: (domain: string) => boolean;
  readonly budget: Budget;
}

/** The change from one policy to the other. A renamed tag counts as the same tag. */
export function readChange(old: Policy, next: Policy): PolicyChange {
  return compareModels(readModel(withRenamedTags(old, next)), readModel(next), createBudget());
}

/** The new side compared with no policy. */
export function fromNothing(change: PolicyChange): PolicyChange {
  return compareModels(readModel(NO_POLICY), change.next, createBudget(), change.isForeign);
}

/** The change from the new side to the old side: what the new side no longer allows. */
export function reverse(change: PolicyChange): PolicyChange {
  return compareModels(change.next, change.old, change.budget, change.isForeign);
}

function compareModels(old: Model, next: Model, budget: Budget, isForeign = foreignTo(old, next)): PolicyChange {
  const comparison = compareSides(createSide(old, isForeign, budget), createSide(next, isForeign, budget), budget);
  const { from, to } = comparison;
  const before = createAccessIndex(from, budget);
  const sshBefore = createSshIndex(from, budget);
  let previous: ReadonlyMap<string, AccessRule | SshRule> | undefined;
  return {
    old,
    next,
    comparison,
    before,
    access: first(accessGains(comparison, before)),
    capabilities: first(capabilityGains(comparison, before)),
    ssh: first(sshGains(comparison, sshBefore, createSshIndex(to, budget))),
    sshBefore,
    owners: gainedOwners(comparison),
    approvers: gainedApprovers(comparison),
    previous: () => (previous ??= previousRules(old, next)),
    isForeign,
    budget,
  };
}

/** The domains of the old side's users count as the tailnet's own; those of the new side when the old side has none. */
function foreignTo(old: Model, next: Model): (domain: string) => boolean {
  const own = homeDomains(old);
  const home = own.size > 0 ? own : homeDomains(next);
  return (domain) => !home.has(domain);
}

/** A second domain of the same organisation has several users, and at least this share of the largest domain's. */
const SECOND_DOMAIN = { users: 3, share: 1 / 4 };

/** The tailnet's own domains, estimated by number of users: neither the file nor the audit record has them. */
function homeDomains({ rules, ssh, groups, tagOwners, approvers }: Model): ReadonlySet<string> {
  const members = [groups, tagOwners, approvers].flatMap((keyed) => [...keyed.values()].flatMap((key) => key.members));
  const users = new Map<string, number>();
  for (const name of new Set([...members, ...[...rules, ...ssh].flatMap(namesInRule)])) {
    const domain = domainOf(name);
    if (domain !== undefined) users.set(domain, (users.get(domain) ?? 0) + 1);
  }
  const most = [...users.values()].reduce((largest, count) => Math.max(largest, count), 0);
  const isHome = (count: number): boolean =>
    count > most / 2 || (count >= SECOND_DOMAIN.users && count >= most * SECOND_DOMAIN.share);
  return new Set([...users].filter(([, count]) => isHome(count)).map(([domain]) => domain));
}

function first<Item>(items: Iterable<Item>): readonly Item[] {
  const found: Item[] = [];
  for (const item of items) if (found.push(item) >= MAX_GAINS) break;
  return found;
}

function previousRules(old: Model, next: Model): ReadonlyMap<string, AccessRule | SshRule> {
  const byPath = new Map([...old.rules, ...old.ssh].map((rule) => [rule.path, rule]));
  return new Map(
    (['acls', 'grants', 'ssh'] as const).flatMap((section) =>
      matchEntries(section, old.policy.entries(section), next.policy.entries(section)).pairs.flatMap((pair) => {
        const rule = byPath.get(pair.old.path);
        return rule === undefined ? [] : [[pair.next.path, rule]];
      }),
    ),
  );
}
