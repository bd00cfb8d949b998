import type { Examples } from './example';
import { acl, ssh, acls, sshRules, web, staff } from './rules';

/** Findings about who owns, approves and belongs. */
export const PEOPLE_EXAMPLES: Readonly<Record<string, Examples>> = {
  'TAGOWNER-BROAD': {
    fires: [
      {
        what: 'every member',
        old: { tagOwners: { 'tag:web': ['group:dev'] } },
        next: { tagOwners: { 'tag:web': ['group:dev', 'autogroup:member'] } },
      },
      {
        what: 'every user of a domain, on a new tag',
        old: { tagOwners: {} },
        next: { tagOwners: { 'tag:web': ['user:*@example.com'] } },
      },
    ],
    keepsQuiet: [
      {
        what: 'it was there',
        old: { tagOwners: { 'tag:web': ['autogroup:member'] } },
        next: { tagOwners: { 'tag:web': ['autogroup:members', 'group:dev'] } },
      },
    ],
  },
  'TAGOWNER-ADDED': {
    fires: [
      {
        what: 'another group',
        old: { tagOwners: { 'tag:web': ['group:dev'] } },
        next: { tagOwners: { 'tag:web': ['group:dev', 'group:qa'] } },
      },
    ],
    keepsQuiet: [
      {
        what: 'admins may take any tag',
        old: { tagOwners: { 'tag:web': [] } },
        next: { tagOwners: { 'tag:web': ['autogroup:admin'] } },
      },
      {
        what: 'the group was written out',
        old: { groups: staff, tagOwners: { 'tag:web': ['group:dev'] } },
        next: { groups: staff, tagOwners: { 'tag:web': ['a@example.com', 'b@example.com'] } },
      },
      {
        what: 'the tag was renamed',
        old: { tagOwners: { 'tag:web': ['group:dev'] }, ...acls(web) },
        next: { tagOwners: { 'tag:www': ['group:dev'] }, ...acls(acl('group:dev', 'tag:www:443')) },
      },
    ],
  },
  'TAGOWNER-CHAIN': {
    fires: [
      {
        what: 'a pipeline may become production',
        old: { tagOwners: { 'tag:ci': [], 'tag:prod': [] }, ...acls(acl('tag:prod', 'tag:db:5432')) },
        next: { tagOwners: { 'tag:ci': [], 'tag:prod': ['tag:ci'] }, ...acls(acl('tag:prod', 'tag:db:5432')) },
      },
    ],
    keepsQuiet: [
      {
        what: 'the owner reaches as much',
        old: {
          tagOwners: { 'tag:ci': [], 'tag:prod': [] },
          ...acls(acl('tag:ci', '*:*'), acl('tag:prod', 'tag:db:5432')),
        },
        next: {
          tagOwners: { 'tag:ci': [], 'tag:prod': ['tag:ci'] },
          ...acls(acl('tag:ci', '*:*'), acl('tag:prod', 'tag:db:5432')),
        },
      },
    ],
  },
  'AUTOAPPROVE-EXIT': {
    fires: [{ what: 'an approver', old: { autoApprovers: {} }, next: { autoApprovers: { exitNode: ['tag:exit'] } } }],
    keepsQuiet: [
      {
        what: 'one less',
        old: { autoApprovers: { exitNode: ['tag:exit', 'group:dev'] } },
        next: { autoApprovers: { exitNode: ['tag:exit'] } },
      },
    ],
  },
  'AUTOAPPROVE-ROUTE': {
    fires: [
      { what: 'a route', old: {}, next: { autoApprovers: { routes: { '10.0.0.0/24': ['tag:router'] } } } },
      {
        what: 'a wider route',
        old: { autoApprovers: { routes: { '10.0.0.0/24': ['tag:router'] } } },
        next: { autoApprovers: { routes: { '10.0.0.0/16': ['tag:router'] } } },
      },
    ],
    keepsQuiet: [
      {
        what: 'a subnet of a route that is approved',
        old: { autoApprovers: { routes: { '10.0.0.0/16': ['tag:router'] } } },
        next: { autoApprovers: { routes: { '10.0.3.0/24': ['tag:router'] } } },
      },
    ],
  },
  'AUTOAPPROVE-BROAD': {
    fires: [
      {
        what: 'members approve',
        old: {},
        next: { autoApprovers: { routes: { '10.0.0.0/24': ['autogroup:member'] } } },
      },
    ],
    keepsQuiet: [
      { what: 'a tag approves', old: {}, next: { autoApprovers: { routes: { '10.0.0.0/24': ['tag:router'] } } } },
    ],
  },
  'AUTOAPPROVE-SVC': {
    fires: [{ what: 'a service', old: {}, next: { autoApprovers: { services: { 'svc:web': ['tag:web'] } } } }],
    keepsQuiet: [
      {
        what: 'it is gone',
        old: { autoApprovers: { services: { 'svc:web': ['tag:web'] } } },
        next: { autoApprovers: {} },
      },
    ],
  },
  'GROUP-PRIV-ADD': {
    fires: [
      {
        what: 'named like admins',
        old: { groups: { 'group:admins': ['a@example.com'] } },
        next: { groups: { 'group:admins': ['a@example.com', 'b@example.com'] } },
      },
      {
        what: 'reaches by ssh',
        old: { groups: staff, ...sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) },
        next: {
          groups: { ...staff, 'group:dev': [...staff['group:dev'], 'z@example.com'] },
          ...sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])),
        },
      },
      {
        what: 'moved there from a lesser group',
        old: {
          groups: { 'group:dev': ['a@example.com'], 'group:sre': ['b@example.com'] },
          ...acls(acl('group:sre', '*:*')),
        },
        next: {
          groups: { 'group:dev': [], 'group:sre': ['a@example.com', 'b@example.com'] },
          ...acls(acl('group:sre', '*:*')),
        },
      },
    ],
    keepsQuiet: [
      {
        what: 'a group without power',
        old: { groups: { 'group:laptops': [] }, acls: [] },
        next: { groups: { 'group:laptops': ['a@example.com'] }, acls: [] },
      },
      {
        what: 'the group was renamed',
        old: { groups: { 'group:root': ['a@example.com'] }, ...acls(acl('group:root', '*:*')) },
        next: { groups: { 'group:admins': ['a@example.com'] }, ...acls(acl('group:admins', '*:*')) },
      },
      {
        what: 'a list became a group',
        old: acls({ action: 'accept', src: ['a@example.com', 'b@example.com'], dst: ['tag:web:*'] }),
        next: { groups: { 'group:ops': ['a@example.com', 'b@example.com'] }, ...acls(acl('group:ops', 'tag:web:*')) },
      },
    ],
  },
  'GROUP-EXTERNAL': {
    fires: [
      {
        what: 'a guest',
        old: { groups: staff },
        next: { groups: { ...staff, 'group:qa': ['c@example.com', 'x@partner.io'] } },
      },
    ],
    keepsQuiet: [
      {
        what: 'a colleague',
        old: { groups: staff },
        next: { groups: { ...staff, 'group:qa': ['c@example.com', 'x@example.com'] } },
      },
    ],
  },
  'GROUP-ADD': {
    fires: [
      {
        what: 'a colleague',
        old: { groups: staff },
        next: { groups: { ...staff, 'group:qa': ['c@example.com', 'x@example.com'] } },
      },
    ],
    keepsQuiet: [
      {
        what: 'two groups with the same reach were merged',
        old: { groups: staff, ...acls(acl('group:dev', 'tag:web:443'), acl('group:qa', 'tag:web:443')) },
        next: {
          groups: { 'group:dev': ['a@example.com', 'b@example.com', 'c@example.com'] },
          ...acls(acl('group:dev', 'tag:web:443')),
        },
      },
      { what: 'a member left', old: { groups: staff }, next: { groups: { ...staff, 'group:dev': ['a@example.com'] } } },
    ],
  },
  'ALIAS-RETARGET': {
    fires: [
      {
        what: 'a host points elsewhere',
        old: { hosts: { db: '10.0.0.1' }, ...acls(acl('group:dev', 'db:5432')) },
        next: { hosts: { db: '10.0.0.2' }, ...acls(acl('group:dev', 'db:5432')) },
      },
      {
        what: 'an ipset grew',
        old: {
          ipsets: { 'ipset:x': ['10.0.0.0/24', 'remove 10.0.0.128/25'] },
          ...acls(acl('group:dev', 'ipset:x:443')),
        },
        next: { ipsets: { 'ipset:x': ['10.0.0.0/24'] }, ...acls(acl('group:dev', 'ipset:x:443')) },
      },
    ],
    keepsQuiet: [
      {
        what: 'nothing uses it',
        old: { hosts: { db: '10.0.0.1' }, acls: [] },
        next: { hosts: { db: '10.0.0.2' }, acls: [] },
      },
      {
        what: 'it shrank',
        old: { ipsets: { 'ipset:x': ['10.0.0.0/24'] }, ...acls(acl('group:dev', 'ipset:x:443')) },
        next: { ipsets: { 'ipset:x': ['add 10.0.0.0/25'] }, ...acls(acl('group:dev', 'ipset:x:443')) },
      },
    ],
  },
};
