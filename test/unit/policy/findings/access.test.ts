import { ACCESS_FINDINGS } from '../../../../lib/policy/findings/access';
import { acl, acls, dev, grant, staff, testFindings, web } from './examples';

const NONE = { grants: [] };
const MEMBER = 'autogroup:member';
/** An acl that is added to a policy without rules. */
const added = (src: string, dst: string) => [acls(), acls(acl(src, dst))] as const;
/** An acl that is added to a policy with users of example.com. */
const addedToStaff = (src: string, dst: string) =>
  [
    { groups: staff, ...acls() },
    { groups: staff, ...acls(acl(src, dst)) },
  ] as const;
const devTo = (...dst: string[]) => acls(...dst.map((target) => acl('group:dev', target)));
const capability = (name: string, value: object) =>
  grant('group:dev', 'tag:nas', { app: { [`tailscale.com/cap/${name}`]: [value] } });
const drive = (access: string, ...shares: string[]) => capability('drive', { shares, access });

testFindings(ACCESS_FINDINGS, {
  'ACL-ALLOW-ALL': {
    reported: [
      ['an acl from * to *:*', acls(web), acls(web, acl('*', '*:*'))],
      ['a grant from * to * with every port', acls(web), { ...acls(web), ...grant('*', '*', { ip: ['*'] }) }],
      ['a rule for everyone widened to all ports', acls(acl('*', '*:443')), acls(acl('*', '*:*'))],
      ['legacy field names', acls(web), { ACLs: [web, { Action: 'accept', Users: ['*'], Ports: ['*:*'] }] }],
    ],
    notReported: [
      ['the old side has the rule', acls(acl('*', '*:*')), acls(web, acl('*', '*:*'))],
      ['a grant without ip', NONE, grant('*', '*', { app: { 'example.com/cap/x': [{}] } })],
      ['an acl rewritten as a grant', acls(acl('*', '*:*')), grant('*', '*', { ip: ['*'] })],
    ],
  },
  'ACL-DEFAULT-OPEN': {
    reported: [
      ['the only acls removed', acls(web), { groups: staff }],
      ['grants set to null', NONE, { grants: null, groups: staff }],
    ],
    notReported: [
      ['an empty list, which denies all', acls(web), acls()],
      ['acls replaced by grants', acls(web), NONE],
      ['no acls on the old side either', { groups: staff }, { groups: {} }],
    ],
  },
  'ACL-DANGER-ALL': {
    reported: [['a source outside the tailnet', acls(web), acls(web, acl('autogroup:danger-all', 'tag:web:443'))]],
    notReported: [
      [
        'a moved rule',
        acls(acl('autogroup:danger-all', 'tag:web:443'), web),
        acls(web, acl('autogroup:danger-all', 'tag:web:443')),
      ],
    ],
  },
  'ACL-MEMBER-TO-PROD': {
    reported: [
      ['members to a production tag', ...added(MEMBER, 'tag:prod-eu:443')],
      ['the older name of members', ...added('autogroup:members', 'tag:db:5432')],
      ['every user of a domain to a vault', ...added('user:*@example.com', 'tag:vault:8200')],
      ['a source list widened to everyone', devTo('tag:pci:443'), acls(acl('*', 'tag:pci:443'))],
    ],
    notReported: [
      ['a tag whose name denies it', ...added(MEMBER, 'tag:nonprod:443')],
      ['a tag with a longer word', ...added(MEMBER, 'tag:product:443')],
      ['a tag for the stage before production', ...added(MEMBER, 'tag:pre-prod:443')],
      ['a group as source', ...added('group:dev', 'tag:prod:443')],
      ['a port added', acls(acl(MEMBER, 'tag:prod:443')), acls(acl(MEMBER, 'tag:prod:80,443'))],
    ],
  },
  'ACL-WILD-SRC': {
    reported: [['every device to a tag', ...added('*', 'tag:web:443')]],
    notReported: [
      ['a rule that allows all traffic', ...added('*', '*:*')],
      ['a narrowed rule', acls(acl('*', 'tag:web:80,443')), acls(acl('*', 'tag:web:443'))],
      [
        'one rule split into two',
        acls({ action: 'accept', src: ['*'], dst: ['tag:a:1', 'tag:b:2'] }),
        acls(acl('*', 'tag:a:1'), acl('*', 'tag:b:2')),
      ],
    ],
  },
  'ACL-WILD-DST': {
    reported: [['a group to every device', ...added('group:ops', '*:22')]],
    notReported: [
      [
        'a member added to the group with that access',
        { groups: staff, ...devTo('*:*') },
        { groups: { ...staff, 'group:dev': [...dev, 'd@example.com'] }, ...devTo('*:*') },
      ],
      [
        'the group renamed',
        { groups: staff, ...devTo('*:*') },
        { groups: { 'group:makers': dev, 'group:qa': staff['group:qa'] }, ...acls(acl('group:makers', '*:*')) },
      ],
    ],
  },
  'ACL-ALL-PORTS': {
    reported: [
      ['one port widened to all', acls(web), devTo('tag:web:*')],
      ['a list of all ports, 1-65535', acls(web), devTo('tag:web:1-65535')],
      ['a grant', grant('group:dev', 'tag:web', { ip: ['tcp:443'] }), grant('group:dev', 'tag:web', { ip: ['*'] })],
    ],
    notReported: [
      ['a new rule with all ports', acls(web), acls(web, acl('group:dev', 'tag:api:*'))],
      ['a port added', acls(web), devTo('tag:web:80,443')],
    ],
  },
  'ACL-SHARED': {
    reported: [
      ['shared users', ...added('autogroup:shared', 'tag:web:443')],
      ['a user of a foreign domain', ...addedToStaff('x@partner.io', 'tag:web:443')],
      ['all users of a foreign domain', ...addedToStaff('user:*@partner.io', 'tag:web:443')],
    ],
    notReported: [
      ['a user of the tailnet', ...addedToStaff('x@example.com', 'tag:web:443')],
      ['log streaming', ...addedToStaff('logstream@tailscale', 'tag:siem:443')],
    ],
  },
  'ACL-INTERNET': {
    reported: [['exit nodes for members', ...added(MEMBER, 'autogroup:internet:*')]],
    notReported: [
      ['one exit node', NONE, grant(MEMBER, 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })],
      [
        'the group split',
        { groups: staff, ...devTo('autogroup:internet:*') },
        {
          groups: { 'group:a': ['a@example.com'], 'group:b': ['b@example.com'] },
          ...acls(acl('group:a', 'autogroup:internet:*'), acl('group:b', 'autogroup:internet:*')),
        },
      ],
    ],
  },
  'ACL-SENSITIVE-PORT': {
    reported: [
      ['SSH for members', acls(acl(MEMBER, 'tag:web:443')), acls(acl(MEMBER, 'tag:web:22,443'))],
      ['a range with a database port', ...added('autogroup:tagged', 'tag:web:5000-6000')],
      ['all ports of a tag', ...added(MEMBER, 'tag:web:*')],
    ],
    notReported: [
      ['UDP only', NONE, grant(MEMBER, 'tag:web', { ip: ['udp:22'] })],
      ['a narrow source', ...added('group:dev', 'tag:web:22')],
      ['own devices', ...added(MEMBER, 'autogroup:self:*')],
      ['another port added', acls(acl(MEMBER, 'tag:web:22')), acls(acl(MEMBER, 'tag:web:22,443'))],
    ],
  },
  'ACL-SUBNET-WIDE': {
    reported: [
      ['a shorter prefix', devTo('10.1.0.0/16:443'), devTo('10.0.0.0/12:443')],
      ['the whole of 10/8', ...added('group:dev', '10.0.0.0/8:443')],
      ['all of IPv6', ...added('group:dev', '[::/0]:443')],
      [
        'a host that a rule uses',
        { hosts: { office: '10.1.2.0/24' }, ...devTo('office:443') },
        { hosts: { office: '10.1.0.0/16' }, ...devTo('office:443') },
      ],
    ],
    notReported: [
      ['a longer prefix', devTo('10.0.0.0/8:443'), devTo('10.1.0.0/16:443')],
      ['a small subnet added', devTo('10.1.0.0/16:443'), devTo('10.1.0.0/16:443', '192.168.1.0/24:443')],
      ['a name for the prefix', devTo('10.0.0.0/8:443'), { hosts: { all: '10.0.0.0/8' }, ...devTo('all:443') }],
    ],
  },
  'GRANT-APP-PRIV': {
    reported: [
      ['system:masters', NONE, capability('kubernetes', { impersonate: { groups: ['system:masters'] } })],
      ['admin: true', capability('golink', {}), capability('golink', { admin: true })],
      ['drive from ro to rw', drive('ro', 'a'), drive('rw', 'a')],
      ['shares *', drive('ro', 'a'), drive('ro', '*')],
    ],
    notReported: [
      ['fewer shares', drive('rw', 'a', 'b'), drive('rw', 'a')],
      ['a capability without privileges', NONE, capability('relay', {})],
    ],
  },
  'LOGSTREAM-RULE': {
    reported: [['log streaming', ...added('logstream@tailscale', 'tag:siem:443')]],
    notReported: [
      [
        'the old side has the rule',
        acls(acl('logstream@tailscale', 'tag:siem:443')),
        acls(web, acl('logstream@tailscale', 'tag:siem:443')),
      ],
    ],
  },
});
