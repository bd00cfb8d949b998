import { gainsThrough } from '../member-gain';
import type { Members, Model } from '../model';
import type { PolicyChange } from '../policy-change';
import { domainOfAll, domainOfUser } from '../selector';
import { usedNames } from './aliases';
import { listed, type Evidence, type FindingRule } from './finding';
import { isPrivilegedName } from './names';

/** Members that a group has now and that gained something by it. */
interface Joined {
  readonly group: Members;
  readonly members: readonly string[];
  readonly isPrivileged: boolean;
}

function joined(change: PolicyChange): readonly Joined[] {
  const gaining = gainingGroups(change);
  const used = usedNames(change.next);
  return [...change.next.groups.values()].flatMap((group) => {
    const before = new Set(change.old.groups.get(group.key)?.members ?? []);
    const came = group.members.filter((member) => !before.has(member));
    const members = came.filter((member) => !isMove(change, group, member) || gainsByMove(change, gaining, used, group.key, member));
    return members.length === 0 ? [] : [{ group, members, isPrivileged: isPrivileged(change.next, group.key) }];
  });
}

/** Owns tags, approves, reaches by ssh, or is named like people with power. */
function isPrivileged({ tagOwners, approvers, ssh }: Model, group: string): boolean {
  const holds = (keyed: ReadonlyMap<string, Members>): boolean => [...keyed.values()].some(({ members }) => members.includes(group));
  return isPrivilegedName(nameOf(group)) || holds(tagOwners) || holds(approvers) || ssh.some(({ src }) => src.includes(group));
}

function nameOf(group: string): string {
  return group.replace(/^group:/, '');
}

/** The group is new, or the member left another place: a rename, a split, a list that became a group. */
function isMove({ old, next }: PolicyChange, group: Members, member: string): boolean {
  if (!old.groups.has(group.key)) return true;
  const left = [...old.groups.values()].some(({ key, members }) => members.includes(member) && next.groups.get(key)?.members.includes(member) !== true);
  return left || (namedOutsideGroups(old, member) && !namedOutsideGroups(next, member));
}

function namedOutsideGroups({ rules, ssh, tagOwners, approvers }: Model, member: string): boolean {
  const inRules = rules.some(({ src, targets }) => src.includes(member) || targets.some(({ host }) => host === member));
  return inRules || ssh.some(({ src }) => src.includes(member)) || [...tagOwners.values(), ...approvers.values()].some(({ members }) => members.includes(member));
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

function gainsByMove(change: PolicyChange, gaining: ReadonlySet<string>, used: ReadonlySet<string>, group: string, member: string): boolean {
  if (used.has(group)) return gaining.has(group) && gainsThrough(change, group, member);
  // Nothing but its name tells what an unused group is for.
  const groupsBefore = [...change.old.groups.values()].filter(({ members }) => members.includes(member)).map(({ key }) => key);
  return groupsBefore.length === 0 || (isPrivilegedName(nameOf(group)) && !groupsBefore.some((key) => isPrivileged(change.old, key)));
}

function isExternal({ isForeign }: PolicyChange, member: string): boolean {
  const domain = domainOfUser(member) ?? domainOfAll(member);
  return domain !== undefined && isForeign(domain);
}

function evidence(joins: readonly Joined[]): readonly Evidence[] {
  return joins.map(({ group, members }) => ({ section: 'groups', path: group.path, line: group.line, evidence: `${group.key} +${members.length}: ${listed(members)}` }));
}

function only(change: PolicyChange, test: (join: Joined, member: string) => boolean): readonly Evidence[] {
  return evidence(joined(change).flatMap((join) => {
    const members = join.members.filter((member) => test(join, member));
    return members.length === 0 ? [] : [{ ...join, members }];
  }));
}

export const GROUP_FINDINGS: readonly FindingRule[] = [
  { id: 'GROUP-PRIV-ADD', severity: 'high', standing: false, title: 'A group with power has a new member', when: (change) => only(change, ({ isPrivileged: powerful }) => powerful) },
  { id: 'GROUP-EXTERNAL', severity: 'medium', standing: true, title: 'A group has a member of a foreign domain', when: (change) => only(change, (_, member) => isExternal(change, member)) },
  { id: 'GROUP-ADD', severity: 'info', standing: false, title: 'A group has a new member', when: (change) => only(change, (join, member) => !join.isPrivileged && !isExternal(change, member)) },
];
