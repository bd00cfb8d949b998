import { accessGains } from '../access/access';
import { createBudget } from '../access/budget';
import { capabilityGains } from '../access/capability';
import { gainedApprovers, gainedOwners } from '../access/holding';
import { domainOf } from '../access/selector';
import { compareSides, createSide } from '../access/side';
import { createSshIndex, sshGains } from '../access/ssh-access';
import type { PolicyChange } from '../compare/policy-change';
import { append, memoizeByObject } from '../parse/collections';
import { namesInRule, type AccessRule, type Members, type Model } from '../parse/model';
import { usedNames } from './aliases';
import { finding, listed, type Evidence, type FindingRule } from './finding';
import { isPrivilegedName } from './names';

/** A group with the members whose access grew because they joined it. */
interface Joined {
  readonly group: Members;
  readonly members: readonly string[];
  readonly isPrivileged: boolean;
}

/** Maximum steps of looking at moved members; a member looked at after it counts as having gained access. */
const MAX_MOVE_STEPS = 200_000;

/**
 * Members that joined a group. A member that moved there, from another group or from a list, counts only when it gained access: renamed or
 * merged groups, and lists that became a group, are no finding.
 */
const joined = memoizeByObject((change: PolicyChange): readonly Joined[] => {
  const { old, next } = change;
  const [before, after] = [peopleOf(old), peopleOf(next)];
  const gaining = gainingGroups(change);
  const used = usedNames(change);
  const budget = createBudget(MAX_MOVE_STEPS);

  function isMove(group: Members, member: string): boolean {
    if (!old.policy.present) return false;
    if (!old.groups.has(group.key)) return true;
    const now = after.groupsOf.get(member) ?? [];
    return (
      (before.groupsOf.get(member) ?? []).some((key) => !now.includes(key)) ||
      (before.listed.has(member) && !after.listed.has(member))
    );
  }

  function gains(group: string, member: string): boolean {
    if (used.has(group))
      return gaining.has(group) && (budget.isSpent() || gainsThrough({ ...change, budget }, group, member));
    // Only the name of an unused group tells its purpose.
    const groupsBefore = before.groupsOf.get(member) ?? [];
    return (
      groupsBefore.length === 0 || (isPrivilegedGroup(group) && !groupsBefore.some((key) => isPrivileged(before, key)))
    );
  }

  return [...next.groups.values()].flatMap((group) => {
    const known = new Set(old.groups.get(group.key)?.members ?? []);
    const members = group.members.filter(
      (member) => !known.has(member) && (!isMove(group, member) || gains(group.key, member)),
    );
    return members.length === 0 ? [] : [{ group, members, isPrivileged: isPrivileged(after, group.key) }];
  });
});

interface People {
  /** Each member's groups. */
  readonly groupsOf: ReadonlyMap<string, readonly string[]>;
  /** Names in rules, owners and approvers. */
  readonly listed: ReadonlySet<string>;
  /** Names that own tags, auto-approve, or have SSH access. */
  readonly powerful: ReadonlySet<string>;
}

function peopleOf({ groups, rules, ssh, tagOwners, approvers }: Model): People {
  const groupsOf = new Map<string, string[]>();
  for (const { key, members } of groups.values()) for (const member of members) append(groupsOf, member, key);
  const powerful = new Set([
    ...[...tagOwners.values(), ...approvers.values()].flatMap(({ members }) => members),
    ...ssh.flatMap(({ src }) => src),
  ]);
  return { groupsOf, powerful, listed: new Set([...powerful, ...rules.flatMap(namesInRule)]) };
}

function isPrivileged({ powerful }: People, group: string): boolean {
  return powerful.has(group) || isPrivilegedGroup(group);
}

function isPrivilegedGroup(group: string): boolean {
  return isPrivilegedName(group.replace(/^group:/, ''));
}

/** Groups that gained anything, as source, destination, owner or approver. */
function gainingGroups({ access, capabilities, ssh, owners, approvers }: PolicyChange): ReadonlySet<string> {
  return new Set([
    ...[...access, ...capabilities].flatMap(({ src, host }) => [src, host]),
    ...ssh.flatMap(({ src, dst }) => [src, dst]),
    ...[...owners, ...approvers].map(({ holder }) => holder),
  ]);
}

/** Whether the group gives a member something that the old side did not give the member in any way. */
function gainsThrough(change: PolicyChange, group: string, member: string): boolean {
  const { next, before, sshBefore, comparison, isForeign, budget } = change;
  const alone = compareSides(comparison.from, createSide(throughGroup(next, group, member), isForeign, budget), budget);
  budget.spend(next.rules.length + next.ssh.length + next.groups.size + next.tagOwners.size + next.approvers.size);
  const gains = [
    accessGains(alone, before),
    capabilityGains(alone, before),
    sshGains(alone, sshBefore, createSshIndex(comparison.to, budget)),
    gainedOwners(alone),
    gainedApprovers(alone),
  ];
  return gains.some((found) => [...found].length > 0);
}

/** What the policy gives through one group if it had only this member. */
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

function isExternal({ isForeign }: PolicyChange, member: string): boolean {
  const domain = domainOf(member);
  return domain !== undefined && isForeign(domain);
}

/** One evidence for each group that such members joined. */
function joinedBy(change: PolicyChange, passes: (join: Joined, member: string) => boolean): readonly Evidence[] {
  return joined(change).flatMap((join) => {
    const { key, path, line } = join.group;
    const members = join.members.filter((member) => passes(join, member));
    const evidence = `${key} +${members.length}: ${listed(members)}`;
    return members.length === 0 ? [] : [{ section: 'groups', path, line, evidence }];
  });
}

export const GROUP_FINDINGS: readonly FindingRule[] = [
  finding('GROUP-PRIV-ADD', 'high', 'new only', 'Member added to a privileged group', (change) =>
    joinedBy(change, ({ isPrivileged }) => isPrivileged),
  ),
  finding('GROUP-EXTERNAL', 'medium', 'counted', 'Group member from a foreign domain added', (change) =>
    joinedBy(change, (_, member) => isExternal(change, member)),
  ),
  finding('GROUP-ADD', 'info', 'new only', 'Group member added', (change) =>
    joinedBy(change, (join, member) => !join.isPrivileged && !isExternal(change, member)),
  ),
];
