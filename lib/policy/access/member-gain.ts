import { accessGains } from './access';
import { capabilityGains } from './capability';
import { gainedApprovers, gainedOwners } from './holding';
import type { AccessRule, Members, Model } from '../parse/model';
import type { PolicyChange } from '../compare/policy-change';
import { compareSides, createSide } from './side';
import { createSshIndex, sshGains } from './ssh-access';

/** Whether a member of a group can do something through the group that it could not do before, by whatever way. */
export function gainsThrough(
  { next, before, sshBefore, comparison, isForeign, budget }: PolicyChange,
  group: string,
  member: string,
): boolean {
  const alone = compareSides(comparison.from, createSide(throughGroup(next, group, member), isForeign, budget), budget);
  budget.spend(next.rules.length + next.ssh.length + next.groups.size + next.tagOwners.size + next.approvers.size);
  const after = createSshIndex(comparison.to, budget);
  const gains = [
    accessGains(alone, before),
    capabilityGains(alone, before),
    sshGains(alone, sshBefore, after),
    gainedOwners(alone),
    gainedApprovers(alone),
  ];
  return gains.some((found) => [...found].length > 0);
}

/** What the policy gives through one group that has one member. */
function throughGroup(model: Model, group: string, member: string): Model {
  const held = (keyed: ReadonlyMap<string, Members>): ReadonlyMap<string, Members> =>
    new Map(
      [...keyed]
        .filter(([, { members }]) => members.includes(group))
        .map(([key, members]) => [key, { ...members, members: [group] }]),
    );
  return {
    ...model,
    rules: model.rules.flatMap((rule): readonly AccessRule[] => {
      if (rule.src.includes(group)) return [{ ...rule, src: [group] }];
      const targets = rule.targets.filter(({ host }) => host === group);
      return targets.length > 0 ? [{ ...rule, targets }] : [];
    }),
    ssh: model.ssh.filter(({ src }) => src.includes(group)).map((rule) => ({ ...rule, src: [group] })),
    tagOwners: held(model.tagOwners),
    approvers: held(model.approvers),
    aliases: { ...model.aliases, groups: new Map([...model.aliases.groups, [group, [member]]]) },
  };
}
