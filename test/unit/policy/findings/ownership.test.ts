import { OWNERSHIP_FINDINGS } from '../../../../lib/policy/findings/ownership';
import { acl, acls, dev, staff, testFindings, web } from './examples';

const owners = (...list: string[]) => ({ tagOwners: { 'tag:web': list } });
const approvers = (kind: string, value: unknown) => ({ autoApprovers: { [kind]: value } });
const route = (prefix: string, approver = 'tag:router') => approvers('routes', { [prefix]: [approver] });
const production = (owner: string[], ...rules: Parameters<typeof acls>) => ({
  tagOwners: { 'tag:ci': [], 'tag:prod': owner },
  ...acls(acl('tag:prod', 'tag:db:5432'), ...rules),
});

testFindings(OWNERSHIP_FINDINGS, {
  'TAGOWNER-BROAD': {
    reported: [
      ['every member', owners('group:dev'), owners('group:dev', 'autogroup:member')],
      ['every user of a domain, on a new tag', { tagOwners: {} }, owners('user:*@example.com')],
    ],
    notReported: [['the old side has the owner', owners('autogroup:member'), owners('autogroup:members', 'group:dev')]],
  },
  'TAGOWNER-ADDED': {
    reported: [['another group', owners('group:dev'), owners('group:dev', 'group:qa')]],
    notReported: [
      ['admins, who can assign every tag', owners(), owners('autogroup:admin')],
      ['the members of the group', { groups: staff, ...owners('group:dev') }, { groups: staff, ...owners(...dev) }],
      [
        'the tag renamed',
        { ...owners('group:dev'), ...acls(web) },
        { tagOwners: { 'tag:www': ['group:dev'] }, ...acls(acl('group:dev', 'tag:www:443')) },
      ],
    ],
  },
  'TAGOWNER-CHAIN': {
    reported: [['a pipeline can become production', production([]), production(['tag:ci'])]],
    notReported: [
      [
        'an owner with as much access',
        production([], acl('tag:ci', '*:*')),
        production(['tag:ci'], acl('tag:ci', '*:*')),
      ],
    ],
  },
  'AUTOAPPROVE-EXIT': {
    reported: [['an approver', { autoApprovers: {} }, approvers('exitNode', ['tag:exit'])]],
    notReported: [
      ['an approver removed', approvers('exitNode', ['tag:exit', 'group:dev']), approvers('exitNode', ['tag:exit'])],
    ],
  },
  'AUTOAPPROVE-ROUTE': {
    reported: [
      ['a route', {}, route('10.0.0.0/24')],
      ['a wider route', route('10.0.0.0/24'), route('10.0.0.0/16')],
    ],
    notReported: [['a subnet of an approved route', route('10.0.0.0/16'), route('10.0.3.0/24')]],
  },
  'AUTOAPPROVE-BROAD': {
    reported: [['members', {}, route('10.0.0.0/24', 'autogroup:member')]],
    notReported: [['a tag', {}, route('10.0.0.0/24')]],
  },
  'AUTOAPPROVE-SVC': {
    reported: [['a service', {}, approvers('services', { 'svc:web': ['tag:web'] })]],
    notReported: [['the service removed', approvers('services', { 'svc:web': ['tag:web'] }), { autoApprovers: {} }]],
  },
});
