import { accessGains, createAccessIndex, type AccessIndex, type Gain } from '../access/access';
import { createBudget, type Budget } from '../access/budget';
import { capabilityGains, type CapabilityGain } from '../access/capability';
import { gainedApprovers, gainedOwners, type Holding } from '../access/holding';
import { homeDomains } from './home-domains';
import { namesIn, readModel, type AccessRule, type Model, type SshRule } from '../parse/model';
import { NO_POLICY, type Policy } from '../parse/policy';
import { matchEntries } from './semantic-diff';
import { compareSides, createSide, type Comparison } from '../access/side';
import { createSshIndex, sshGains, type SshGain, type SshIndex } from '../access/ssh-access';
import { withRenamedTags } from './tag-rename';

/** Gains looked at; a change with more is no longer told in all detail. */
export const MAX_GAINS = 20_000;

/** Everything that findings and the kind of a change are judged by: what the new side gives that the old side did not. */
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
  /** What a changed rule of the new side, by its path, was before. Found when it is first asked for. */
  readonly previous: () => ReadonlyMap<string, AccessRule | SshRule>;
  readonly isForeign: (domain: string) => boolean;
  readonly budget: Budget;
}

/** The change from one policy to the other; tags that were only renamed count as the same. */
export function readChange(old: Policy, next: Policy): PolicyChange {
  return compareModels(readModel(withRenamedTags(old, next)), readModel(next), createBudget());
}

/** The new side as if nothing had been there before. */
export function fromNothing(change: PolicyChange): PolicyChange {
  return compareModels(readModel(NO_POLICY), change.next, createBudget(), change.isForeign);
}

/** The same change the other way round: what the new side no longer gives. */
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

/** The old side's users tell what is the tailnet's own; where it names none, the new side's do. */
function foreignTo(old: Model, next: Model): (domain: string) => boolean {
  const own = homeDomains(namesIn(old));
  const home = own.size > 0 ? own : homeDomains(namesIn(next));
  return (domain) => !home.has(domain);
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
