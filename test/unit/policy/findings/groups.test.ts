import { GROUP_FINDINGS } from '../../../../lib/policy/findings/groups';
import { acl, acls, dev, ssh, staff, testFindings } from './examples';

const [ANN = '', BOB = ''] = dev;
const qa = (...joined: string[]) => ({ groups: { ...staff, 'group:qa': ['c@example.com', ...joined] } });
/** One group that reaches every device. */
const powerful = (name: string) => ({ groups: { [name]: [ANN] }, ...acls(acl(name, '*:*')) });
const team = (developers: string[], operators: string[]) => ({
  groups: { 'group:dev': developers, 'group:sre': operators },
  ...acls(acl('group:sre', '*:*')),
});

testFindings(GROUP_FINDINGS, {
  'GROUP-PRIV-ADD': {
    reported: [
      ['a name like admins', { groups: { 'group:admins': [ANN] } }, { groups: { 'group:admins': dev } }],
      [
        'a group with SSH access',
        { groups: staff, ...ssh() },
        { groups: { ...staff, 'group:dev': [...dev, 'z@example.com'] }, ...ssh() },
      ],
      ['a member moved from a group with less access', team([ANN], [BOB]), team([], [ANN, BOB])],
    ],
    notReported: [
      [
        'a group without privileges',
        { groups: { 'group:laptops': [] }, acls: [] },
        { groups: { 'group:laptops': [ANN] }, acls: [] },
      ],
      ['the group renamed', powerful('group:root'), powerful('group:admins')],
      [
        'a list that became a group',
        acls({ action: 'accept', src: dev, dst: ['tag:web:*'] }),
        { groups: { 'group:ops': dev }, ...acls(acl('group:ops', 'tag:web:*')) },
      ],
    ],
  },
  'GROUP-EXTERNAL': {
    reported: [['a guest', qa(), qa('x@partner.io')]],
    notReported: [['a colleague', qa(), qa('x@example.com')]],
  },
  'GROUP-ADD': {
    reported: [['a colleague', qa(), qa('x@example.com')]],
    notReported: [
      [
        'two groups with the same access merged',
        { groups: staff, ...acls(acl('group:dev', 'tag:web:443'), acl('group:qa', 'tag:web:443')) },
        { groups: { 'group:dev': [...dev, 'c@example.com'] }, ...acls(acl('group:dev', 'tag:web:443')) },
      ],
      ['a member removed', { groups: staff }, { groups: { ...staff, 'group:dev': [ANN] } }],
    ],
  },
});
