import type { Holding } from '../access/holding';
import type { PolicyChange } from '../compare/policy-change';
import { isBroad } from '../access/selector';
import { byPlace, oncePerChange, type Evidence, type FindingRule } from './finding';
import { createReach } from './reach';

function gained(holdings: readonly Holding[]): readonly Holding[] {
  return holdings.filter(({ cause }) => cause === 'rule');
}

function atTag(holdings: readonly Holding[]): readonly Evidence[] {
  return byPlace(
    'tagOwners',
    holdings,
    (holding) => holding,
    ({ key, holder }) => `${holder} may take ${key}`,
  );
}

const reachOf = oncePerChange(({ comparison }) => createReach(comparison.to));

function isChain(change: PolicyChange, { key, holder }: Holding): boolean {
  return holder.startsWith('tag:') && holder !== key && reachOf(change).isMore(key, holder);
}

function atApprover(holdings: readonly Holding[]): readonly Evidence[] {
  return byPlace(
    'autoApprovers',
    holdings,
    (holding) => holding,
    ({ key, holder }) => `${holder} for ${key.replace(/^(routes|services)\./, '')}`,
  );
}

function approvers({ approvers: all }: PolicyChange, test: (holding: Holding) => boolean): readonly Evidence[] {
  return atApprover(gained(all).filter(test));
}

export const OWNERSHIP_FINDINGS: readonly FindingRule[] = [
  {
    id: 'TAGOWNER-BROAD',
    severity: 'high',
    standing: true,
    title: 'A broad group may take a tag',
    when: ({ owners }) => atTag(gained(owners).filter(({ holder }) => isBroad(holder))),
  },
  {
    id: 'TAGOWNER-ADDED',
    severity: 'medium',
    standing: false,
    title: 'Someone more may take a tag',
    when: (change) => atTag(gained(change.owners).filter((owner) => !isBroad(owner.holder) && !isChain(change, owner))),
  },
  {
    id: 'TAGOWNER-CHAIN',
    severity: 'medium',
    standing: true,
    title: 'A tag may take a tag that reaches more',
    when: (change) => atTag(gained(change.owners).filter((owner) => isChain(change, owner))),
  },
  {
    id: 'AUTOAPPROVE-EXIT',
    severity: 'high',
    standing: true,
    title: 'Exit nodes are approved without a person',
    when: (change) => approvers(change, ({ key }) => key === 'exitNode'),
  },
  {
    id: 'AUTOAPPROVE-ROUTE',
    severity: 'high',
    standing: true,
    title: 'Routes are approved without a person',
    when: (change) => approvers(change, ({ key }) => key.startsWith('routes.')),
  },
  {
    id: 'AUTOAPPROVE-BROAD',
    severity: 'high',
    standing: true,
    title: 'A broad group is an approver',
    when: (change) => approvers(change, ({ holder }) => isBroad(holder)),
  },
  {
    id: 'AUTOAPPROVE-SVC',
    severity: 'medium',
    standing: true,
    title: 'Services are approved without a person',
    when: (change) => approvers(change, ({ key }) => key.startsWith('services.')),
  },
];
