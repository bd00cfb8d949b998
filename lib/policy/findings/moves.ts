import { createBudget } from '../access/budget';
import { gainsThrough } from '../access/member-gain';
import type { Members, Model } from '../parse/model';
import { append } from '../parse/collections';
import type { PolicyChange } from '../compare/policy-change';
import { usedNames } from './aliases';
import { oncePerChange } from './finding';
import { isPrivilegedName } from './names';

/** Members that a group has now and that gained something by it. */
export interface Joined {
  readonly group: Members;
  readonly members: readonly string[];
  readonly isPrivileged: boolean;
}

/** Steps of looking at members who moved; whoever is left after it counts as having gained something. */
const MAX_MOVE_STEPS = 200_000;

/**
 * Who joined which group. A member that only moved there, from another group or from a list, joined nothing unless it can do something now that
 * it could not do before: a rename, a merge or a list that became a group is no news.
 */
export const joined = oncePerChange((change): readonly Joined[] => {
  const [before, after] = [peopleOf(change.old), peopleOf(change.next)];
  const gaining = gainingGroups(change);
  const used = usedNames(change);
  const budget = createBudget(MAX_MOVE_STEPS);
  const { old, next } = change;

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
    // Nothing but its name tells what an unused group is for.
    const groupsBefore = before.groupsOf.get(member) ?? [];
    return (
      groupsBefore.length === 0 ||
      (isPrivilegedName(nameOf(group)) && !groupsBefore.some((key) => isPrivileged(before, key)))
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
  /** Names in rules, and names of owners and approvers. */
  readonly listed: ReadonlySet<string>;
  /** Names that own tags, approve, or reach by ssh. */
  readonly powerful: ReadonlySet<string>;
}

function peopleOf({ groups, rules, ssh, tagOwners, approvers }: Model): People {
  const groupsOf = new Map<string, string[]>();
  for (const { key, members } of groups.values()) {
    for (const member of members) append(groupsOf, member, key);
  }
  const powerful = new Set([
    ...[...tagOwners.values(), ...approvers.values()].flatMap(({ members }) => members),
    ...ssh.flatMap(({ src }) => src),
  ]);
  return {
    groupsOf,
    powerful,
    listed: new Set([
      ...powerful,
      ...rules.flatMap(({ src, targets }) => [...src, ...targets.map(({ host }) => host)]),
    ]),
  };
}

/** Owns tags, approves, reaches by ssh, or is named like people with power. */
function isPrivileged({ powerful }: People, group: string): boolean {
  return powerful.has(group) || isPrivilegedName(nameOf(group));
}

function nameOf(group: string): string {
  return group.replace(/^group:/, '');
}

/** Groups through which someone gained anything, as source, destination, owner or approver. */
function gainingGroups({ access, capabilities, ssh, owners, approvers }: PolicyChange): ReadonlySet<string> {
  return new Set([
    ...access.flatMap(({ src, host }) => [src, host]),
    ...capabilities.flatMap(({ src, host }) => [src, host]),
    ...ssh.flatMap(({ src, dst }) => [src, dst]),
    ...[...owners, ...approvers].map(({ holder }) => holder),
  ]);
}
