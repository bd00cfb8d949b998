import { createBudget } from '../access/budget';
import type { Holding } from '../access/holding';
import { createCoverage, createLookup, isBroad } from '../access/selector';
import type { PolicyChange } from '../compare/policy-change';
import { append, memoizeByObject } from '../parse/collections';
import type { AccessRule, SshRule } from '../parse/model';
import { subtractPorts } from '../parse/ports';
import { evidenceByPlace, finding, type Evidence, type FindingRule } from './finding';

/** Owners that a changed list added to a tag. */
function owners(change: PolicyChange, passes: (owner: Holding) => boolean): readonly Evidence[] {
  return evidenceByPlace(
    change.owners.filter((owner) => owner.cause === 'rule' && passes(owner)),
    ({ path, line }) => ({ section: 'tagOwners', path, line }),
    ({ key, holder }) => `${holder} can assign ${key}`,
  );
}

/** Approvers that a changed list added to a route, exit node or service. */
function approvers(change: PolicyChange, passes: (approver: Holding) => boolean): readonly Evidence[] {
  return evidenceByPlace(
    change.approvers.filter((approver) => approver.cause === 'rule' && passes(approver)),
    ({ path, line }) => ({ section: 'autoApprovers', path, line }),
    ({ key, holder }) => `${holder} approves ${key.replace(/^(routes|services)\./, '')}`,
  );
}

function isChain(change: PolicyChange, { key, holder }: Holding): boolean {
  return holder.startsWith('tag:') && holder !== key && reachesMore(change)(key, holder);
}

/** Maximum steps of comparing the access of tags; a tag compared after it counts as having no more access. */
const MAX_REACH_STEPS = 500_000;

/** Whether devices of a tag reach something, by network or SSH, that devices of another tag do not. */
const reachesMore = memoizeByObject((change: PolicyChange): ((tag: string, other: string) => boolean) => {
  const { model, resolver } = change.comparison.to;
  const budget = createBudget(MAX_REACH_STEPS);
  const bySource = new Map<string, (AccessRule | SshRule)[]>();
  for (const rule of [...model.rules, ...model.ssh]) for (const name of rule.src) append(bySource, name, rule);
  const sources = createLookup(bySource, resolver, budget);
  const rulesOf = (tag: string): ReadonlySet<AccessRule | SshRule> =>
    new Set(resolver.leaves(tag).flatMap((leaf) => [...sources.covering(leaf)]));
  return (tag, other) => {
    const known = rulesOf(other);
    const more = [...rulesOf(tag)].filter((rule) => !known.has(rule));
    const reached = [...known].flatMap((rule) => (rule.section === 'ssh' ? [] : rule.targets));
    const hosts = createCoverage(more.length > 0 ? reached.map(({ host }) => host) : [], resolver, budget);
    budget.spend(known.size + more.length + reached.length);
    const isNotReached = ({ host, ports }: AccessRule['targets'][number]): boolean =>
      resolver.leaves(host).some((leaf) => {
        const names = new Set(hosts.covering(leaf));
        budget.spend(reached.length);
        const same = reached.filter((target) => names.has(target.host));
        return same.reduce((left, target) => subtractPorts(left, target.ports), ports).length > 0;
      });
    if (budget.isSpent()) return false;
    return more.some((rule) => rule.section === 'ssh' || rule.app.size > 0 || rule.targets.some(isNotReached));
  };
});

export const OWNERSHIP_FINDINGS: readonly FindingRule[] = [
  finding('TAGOWNER-BROAD', 'high', 'counted', 'Broad tag owner added', (change) =>
    owners(change, ({ holder }) => isBroad(holder)),
  ),
  finding('TAGOWNER-ADDED', 'medium', 'new only', 'Tag owner added', (change) =>
    owners(change, (owner) => !isBroad(owner.holder) && !isChain(change, owner)),
  ),
  finding('TAGOWNER-CHAIN', 'medium', 'counted', 'Tag can assign itself a tag with more access', (change) =>
    owners(change, (owner) => isChain(change, owner)),
  ),
  finding('AUTOAPPROVE-EXIT', 'high', 'counted', 'Exit node auto-approval added', (change) =>
    approvers(change, ({ key }) => key === 'exitNode'),
  ),
  finding('AUTOAPPROVE-ROUTE', 'high', 'counted', 'Route auto-approval added', (change) =>
    approvers(change, ({ key }) => key.startsWith('routes.')),
  ),
  finding('AUTOAPPROVE-BROAD', 'high', 'counted', 'Broad auto-approver added', (change) =>
    approvers(change, ({ holder }) => isBroad(holder)),
  ),
  finding('AUTOAPPROVE-SVC', 'medium', 'counted', 'Service auto-approval added', (change) =>
    approvers(change, ({ key }) => key.startsWith('services.')),
  ),
];
