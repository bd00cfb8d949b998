import type { PolicyChange } from '../compare/policy-change';
import { domainOfAll, domainOfUser } from '../access/selector';
import { listed, type Evidence, type FindingRule } from './finding';
import { joined, type Joined } from './moves';

function isExternal({ isForeign }: PolicyChange, member: string): boolean {
  const domain = domainOfUser(member) ?? domainOfAll(member);
  return domain !== undefined && isForeign(domain);
}

/** One piece of evidence for each group that such members joined. */
function joinedBy(change: PolicyChange, test: (join: Joined, member: string) => boolean): readonly Evidence[] {
  return joined(change).flatMap((join) => {
    const { group } = join;
    const members = join.members.filter((member) => test(join, member));
    return members.length === 0
      ? []
      : [
          {
            section: 'groups',
            path: group.path,
            line: group.line,
            evidence: `${group.key} +${members.length}: ${listed(members)}`,
          },
        ];
  });
}

export const GROUP_FINDINGS: readonly FindingRule[] = [
  {
    id: 'GROUP-PRIV-ADD',
    severity: 'high',
    standing: false,
    title: 'A group with power has a new member',
    when: (change) => joinedBy(change, ({ isPrivileged }) => isPrivileged),
  },
  {
    id: 'GROUP-EXTERNAL',
    severity: 'medium',
    standing: true,
    title: 'A group has a member of a foreign domain',
    when: (change) => joinedBy(change, (_, member) => isExternal(change, member)),
  },
  {
    id: 'GROUP-ADD',
    severity: 'info',
    standing: false,
    title: 'A group has a new member',
    when: (change) => joinedBy(change, (join, member) => !join.isPrivileged && !isExternal(change, member)),
  },
];
