import type { Examples } from './example';
import { acl, grant, acls, grants, web, staff } from './rules';

/** Findings about who may reach what. */
export const ACCESS_EXAMPLES: Readonly<Record<string, Examples>> = {
  'ACL-ALLOW-ALL': {
    fires: [
      { what: 'an acl from * to *:*', old: acls(web), next: acls(web, acl('*', '*:*')) },
      {
        what: 'a grant from * to * with every ip',
        old: acls(web),
        next: { ...acls(web), ...grants(grant('*', '*', { ip: ['*'] })) },
      },
      { what: 'ports of the rule for everyone grew to all', old: acls(acl('*', '*:443')), next: acls(acl('*', '*:*')) },
      {
        what: 'the old spelling',
        old: acls(web),
        next: { ACLs: [web, { Action: 'accept', Users: ['*'], Ports: ['*:*'] }] },
      },
    ],
    keepsQuiet: [
      { what: 'it was there before', old: acls(acl('*', '*:*')), next: acls(web, acl('*', '*:*')) },
      {
        what: 'a grant without ip',
        old: grants(),
        next: grants(grant('*', '*', { app: { 'example.com/cap/x': [{}] } })),
      },
      { what: 'the acl became a grant', old: acls(acl('*', '*:*')), next: grants(grant('*', '*', { ip: ['*'] })) },
    ],
  },
  'ACL-DEFAULT-OPEN': {
    fires: [
      { what: 'the only acls are gone', old: acls(web), next: { groups: staff } },
      { what: 'grants are null', old: grants(), next: { grants: null, groups: staff } },
    ],
    keepsQuiet: [
      { what: 'an empty list denies all', old: acls(web), next: acls() },
      { what: 'grants took over', old: acls(web), next: grants() },
      { what: 'it was open before', old: { groups: staff }, next: { groups: {} } },
    ],
  },
  'ACL-DANGER-ALL': {
    fires: [
      { what: 'a source from outside', old: acls(web), next: acls(web, acl('autogroup:danger-all', 'tag:web:443')) },
    ],
    keepsQuiet: [
      {
        what: 'it was there, and its rule only moved',
        old: acls(acl('autogroup:danger-all', 'tag:web:443'), web),
        next: acls(web, acl('autogroup:danger-all', 'tag:web:443')),
      },
    ],
  },
  'ACL-MEMBER-TO-PROD': {
    fires: [
      {
        what: 'members reach a production tag',
        old: acls(web),
        next: acls(web, acl('autogroup:member', 'tag:prod-eu:443')),
      },
      { what: 'the older name of members', old: acls(), next: acls(acl('autogroup:members', 'tag:db:5432')) },
      {
        what: 'every user of a domain reaches a vault',
        old: grants(),
        next: grants(grant('user:*@example.com', 'tag:vault', { ip: ['8200'] })),
      },
      {
        what: 'a source list grew to everyone',
        old: acls(acl('group:dev', 'tag:pci:443')),
        next: acls({ action: 'accept', src: ['group:dev', '*'], dst: ['tag:pci:443'] }),
      },
    ],
    keepsQuiet: [
      {
        what: 'the tag is not production',
        old: acls(),
        next: acls(
          acl('autogroup:member', 'tag:nonprod:443'),
          acl('autogroup:member', 'tag:product:443'),
          acl('autogroup:member', 'tag:pre-prod:443'),
        ),
      },
      { what: 'a group reaches it', old: acls(), next: acls(acl('group:dev', 'tag:prod:443')) },
      {
        what: 'they reached it before',
        old: acls(acl('autogroup:member', 'tag:prod:443')),
        next: acls(acl('autogroup:member', 'tag:prod:80,443')),
      },
    ],
  },
  'ACL-WILD-SRC': {
    fires: [{ what: 'every device may reach a tag', old: acls(), next: acls(acl('*', 'tag:web:443')) }],
    keepsQuiet: [
      { what: 'both sides are *: that is allow-all', old: acls(), next: acls(acl('*', '*:*')) },
      { what: 'the rule got narrower', old: acls(acl('*', 'tag:web:80,443')), next: acls(acl('*', 'tag:web:443')) },
      {
        what: 'one rule became two',
        old: acls({ action: 'accept', src: ['*'], dst: ['tag:a:1', 'tag:b:2'] }),
        next: acls(acl('*', 'tag:a:1'), acl('*', 'tag:b:2')),
      },
    ],
  },
  'ACL-WILD-DST': {
    fires: [{ what: 'a group may reach every device', old: acls(web), next: acls(web, acl('group:ops', '*:22')) }],
    keepsQuiet: [
      {
        what: 'the group with that reach got a member',
        old: { groups: staff, ...acls(acl('group:dev', '*:*')) },
        next: {
          groups: { ...staff, 'group:dev': [...staff['group:dev'], 'd@example.com'] },
          ...acls(acl('group:dev', '*:*')),
        },
      },
      {
        what: 'the group was renamed',
        old: { groups: staff, ...acls(acl('group:qa', '*:*')) },
        next: {
          groups: { 'group:dev': staff['group:dev'], 'group:testers': staff['group:qa'] },
          ...acls(acl('group:testers', '*:*')),
        },
      },
    ],
  },
  'ACL-ALL-PORTS': {
    fires: [
      { what: 'a port became all ports', old: acls(web), next: acls(acl('group:dev', 'tag:web:*')) },
      {
        what: 'a grant lost its port list',
        old: grants(grant('group:dev', 'tag:web', { ip: ['tcp:443'] })),
        next: grants(grant('group:dev', 'tag:web', { ip: ['*'] })),
      },
      { what: '1-65535 is all', old: acls(web), next: acls(acl('group:dev', 'tag:web:1-65535')) },
    ],
    keepsQuiet: [
      { what: 'a new rule has all ports', old: acls(web), next: acls(web, acl('group:dev', 'tag:api:*')) },
      { what: 'a port was added', old: acls(web), next: acls(acl('group:dev', 'tag:web:80,443')) },
    ],
  },
  'ACL-SHARED': {
    fires: [
      { what: 'shared users', old: acls(), next: acls(acl('autogroup:shared', 'tag:web:443')) },
      {
        what: 'a user of a foreign domain',
        old: { groups: staff, acls: [] },
        next: { groups: staff, ...acls(acl('x@partner.io', 'tag:web:443')) },
      },
      {
        what: 'all users of a foreign domain',
        old: { groups: staff, acls: [] },
        next: { groups: staff, ...acls(acl('user:*@partner.io', 'tag:web:443')) },
      },
    ],
    keepsQuiet: [
      {
        what: 'a user of the tailnet',
        old: { groups: staff, acls: [] },
        next: { groups: staff, ...acls(acl('x@example.com', 'tag:web:443')) },
      },
      {
        what: 'log streaming',
        old: { groups: staff, acls: [] },
        next: { groups: staff, ...acls(acl('logstream@tailscale', 'tag:siem:443')) },
      },
    ],
  },
  'ACL-INTERNET': {
    fires: [
      { what: 'exit nodes for members', old: acls(), next: acls(acl('autogroup:member', 'autogroup:internet:*')) },
    ],
    keepsQuiet: [
      {
        what: 'one named exit node',
        old: grants(),
        next: grants(grant('autogroup:member', 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })),
      },
      {
        what: 'its group was split, nobody gains',
        old: { groups: staff, ...acls(acl('group:dev', 'autogroup:internet:*')) },
        next: {
          groups: { 'group:a': ['a@example.com'], 'group:b': ['b@example.com'] },
          ...acls(acl('group:a', 'autogroup:internet:*'), acl('group:b', 'autogroup:internet:*')),
        },
      },
    ],
  },
  'ACL-SENSITIVE-PORT': {
    fires: [
      {
        what: 'ssh for members',
        old: acls(acl('autogroup:member', 'tag:web:443')),
        next: acls(acl('autogroup:member', 'tag:web:22,443')),
      },
      { what: 'a range with a database in it', old: acls(), next: acls(acl('autogroup:tagged', 'tag:web:5000-6000')) },
      { what: 'all ports of a tag', old: acls(), next: acls(acl('autogroup:member', 'tag:web:*')) },
    ],
    keepsQuiet: [
      { what: 'udp only', old: grants(), next: grants(grant('autogroup:member', 'tag:web', { ip: ['udp:22'] })) },
      { what: 'a narrow source', old: acls(), next: acls(acl('group:dev', 'tag:web:22')) },
      { what: 'own devices', old: acls(), next: acls(acl('autogroup:member', 'autogroup:self:*')) },
      {
        what: 'the port was open, another was added',
        old: acls(acl('autogroup:member', 'tag:web:22')),
        next: acls(acl('autogroup:member', 'tag:web:22,443')),
      },
    ],
  },
  'ACL-SUBNET-WIDE': {
    fires: [
      {
        what: 'a shorter prefix',
        old: acls(acl('group:dev', '10.1.0.0/16:443')),
        next: acls(acl('group:dev', '10.0.0.0/12:443')),
      },
      { what: 'the whole of 10/8', old: acls(web), next: acls(web, acl('group:dev', '10.0.0.0/8:443')) },
      { what: 'all of IPv6', old: acls(web), next: acls(web, acl('group:dev', '[::/0]:443')) },
      {
        what: 'a host that a rule uses',
        old: { hosts: { office: '10.1.2.0/24' }, ...acls(acl('group:dev', 'office:443')) },
        next: { hosts: { office: '10.1.0.0/16' }, ...acls(acl('group:dev', 'office:443')) },
      },
    ],
    keepsQuiet: [
      {
        what: 'a longer prefix',
        old: acls(acl('group:dev', '10.0.0.0/8:443')),
        next: acls(acl('group:dev', '10.1.0.0/16:443')),
      },
      {
        what: 'another small subnet',
        old: acls(acl('group:dev', '10.1.0.0/16:443')),
        next: acls(acl('group:dev', '10.1.0.0/16:443'), acl('group:dev', '192.168.1.0/24:443')),
      },
      {
        what: 'the prefix got a name',
        old: acls(acl('group:dev', '10.0.0.0/8:443')),
        next: { hosts: { all: '10.0.0.0/8' }, ...acls(acl('group:dev', 'all:443')) },
      },
    ],
  },
  'GRANT-APP-PRIV': {
    fires: [
      {
        what: 'system:masters',
        old: grants(),
        next: grants(
          grant('group:dev', 'tag:k8s', {
            app: { 'tailscale.com/cap/kubernetes': [{ impersonate: { groups: ['system:masters'] } }] },
          }),
        ),
      },
      {
        what: 'admin: true',
        old: grants(grant('group:dev', 'tag:go', { app: { 'tailscale.com/cap/golink': [{}] } })),
        next: grants(grant('group:dev', 'tag:go', { app: { 'tailscale.com/cap/golink': [{ admin: true }] } })),
      },
      {
        what: 'drive from ro to rw',
        old: grants(
          grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'ro' }] } }),
        ),
        next: grants(
          grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'rw' }] } }),
        ),
      },
      {
        what: 'shares *',
        old: grants(
          grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'ro' }] } }),
        ),
        next: grants(
          grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['*'], access: 'ro' }] } }),
        ),
      },
    ],
    keepsQuiet: [
      {
        what: 'fewer shares',
        old: grants(
          grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a', 'b'], access: 'rw' }] } }),
        ),
        next: grants(
          grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'rw' }] } }),
        ),
      },
      {
        what: 'a capability that gives no power',
        old: grants(),
        next: grants(grant('tag:a', 'tag:b', { app: { 'tailscale.com/cap/relay': [] } })),
      },
    ],
  },
  'LOGSTREAM-RULE': {
    fires: [{ what: 'log streaming', old: acls(), next: acls(acl('logstream@tailscale', 'tag:siem:443')) }],
    keepsQuiet: [
      {
        what: 'it was there',
        old: acls(acl('logstream@tailscale', 'tag:siem:443')),
        next: acls(web, acl('logstream@tailscale', 'tag:siem:443')),
      },
    ],
  },
};
