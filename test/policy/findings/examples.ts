/** A change and what it must, or must not, be reported as. */
export interface Example {
  readonly what: string;
  readonly old: unknown;
  readonly next: unknown;
}

interface Examples {
  readonly fires: readonly Example[];
  readonly keepsQuiet: readonly Example[];
}

type Rule = Readonly<Record<string, unknown>>;

const acl = (src: string, dst: string, more: Rule = {}): Rule => ({ action: 'accept', src: [src], dst: [dst], ...more });
const grant = (src: string, dst: string, more: Rule = {}): Rule => ({ src: [src], dst: [dst], ...more });
const ssh = (src: string, dst: string, users: readonly string[], more: Rule = {}): Rule => ({ action: 'accept', src: [src], dst: [dst], users, ...more });
const acls = (...rules: readonly Rule[]): Rule => ({ acls: rules });
const grants = (...rules: readonly Rule[]): Rule => ({ grants: rules });
const sshRules = (...rules: readonly Rule[]): Rule => ({ acls: [], ssh: rules });

const web = acl('group:dev', 'tag:web:443');
const staff = { 'group:dev': ['a@example.com', 'b@example.com'], 'group:qa': ['c@example.com'] };

/** One row for each finding; the ids are checked against the catalogue. */
export const EXAMPLES: Readonly<Record<string, Examples>> = {
  'ACL-ALLOW-ALL': {
    fires: [
      { what: 'an acl from * to *:*', old: acls(web), next: acls(web, acl('*', '*:*')) },
      { what: 'a grant from * to * with every ip', old: acls(web), next: { ...acls(web), ...grants(grant('*', '*', { ip: ['*'] })) } },
      { what: 'ports of the rule for everyone grew to all', old: acls(acl('*', '*:443')), next: acls(acl('*', '*:*')) },
      { what: 'the old spelling', old: acls(web), next: { ACLs: [web, { Action: 'accept', Users: ['*'], Ports: ['*:*'] }] } },
    ],
    keepsQuiet: [
      { what: 'it was there before', old: acls(acl('*', '*:*')), next: acls(web, acl('*', '*:*')) },
      { what: 'a grant without ip', old: grants(), next: grants(grant('*', '*', { app: { 'example.com/cap/x': [{}] } })) },
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
    fires: [{ what: 'a source from outside', old: acls(web), next: acls(web, acl('autogroup:danger-all', 'tag:web:443')) }],
    keepsQuiet: [{ what: 'it was there, and its rule only moved', old: acls(acl('autogroup:danger-all', 'tag:web:443'), web), next: acls(web, acl('autogroup:danger-all', 'tag:web:443')) }],
  },
  'ACL-MEMBER-TO-PROD': {
    fires: [
      { what: 'members reach a production tag', old: acls(web), next: acls(web, acl('autogroup:member', 'tag:prod-eu:443')) },
      { what: 'the older name of members', old: acls(), next: acls(acl('autogroup:members', 'tag:db:5432')) },
      { what: 'every user of a domain reaches a vault', old: grants(), next: grants(grant('user:*@example.com', 'tag:vault', { ip: ['8200'] })) },
      { what: 'a source list grew to everyone', old: acls(acl('group:dev', 'tag:pci:443')), next: acls({ action: 'accept', src: ['group:dev', '*'], dst: ['tag:pci:443'] }) },
    ],
    keepsQuiet: [
      { what: 'the tag is not production', old: acls(), next: acls(acl('autogroup:member', 'tag:nonprod:443'), acl('autogroup:member', 'tag:product:443'), acl('autogroup:member', 'tag:pre-prod:443')) },
      { what: 'a group reaches it', old: acls(), next: acls(acl('group:dev', 'tag:prod:443')) },
      { what: 'they reached it before', old: acls(acl('autogroup:member', 'tag:prod:443')), next: acls(acl('autogroup:member', 'tag:prod:80,443')) },
    ],
  },
  'ACL-WILD-SRC': {
    fires: [{ what: 'every device may reach a tag', old: acls(), next: acls(acl('*', 'tag:web:443')) }],
    keepsQuiet: [
      { what: 'both sides are *: that is allow-all', old: acls(), next: acls(acl('*', '*:*')) },
      { what: 'the rule got narrower', old: acls(acl('*', 'tag:web:80,443')), next: acls(acl('*', 'tag:web:443')) },
      { what: 'one rule became two', old: acls({ action: 'accept', src: ['*'], dst: ['tag:a:1', 'tag:b:2'] }), next: acls(acl('*', 'tag:a:1'), acl('*', 'tag:b:2')) },
    ],
  },
  'ACL-WILD-DST': {
    fires: [{ what: 'a group may reach every device', old: acls(web), next: acls(web, acl('group:ops', '*:22')) }],
    keepsQuiet: [
      { what: 'the group with that reach got a member', old: { groups: staff, ...acls(acl('group:dev', '*:*')) }, next: { groups: { ...staff, 'group:dev': [...staff['group:dev'], 'd@example.com'] }, ...acls(acl('group:dev', '*:*')) } },
      { what: 'the group was renamed', old: { groups: staff, ...acls(acl('group:qa', '*:*')) }, next: { groups: { 'group:dev': staff['group:dev'], 'group:testers': staff['group:qa'] }, ...acls(acl('group:testers', '*:*')) } },
    ],
  },
  'ACL-ALL-PORTS': {
    fires: [
      { what: 'a port became all ports', old: acls(web), next: acls(acl('group:dev', 'tag:web:*')) },
      { what: 'a grant lost its port list', old: grants(grant('group:dev', 'tag:web', { ip: ['tcp:443'] })), next: grants(grant('group:dev', 'tag:web', { ip: ['*'] })) },
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
      { what: 'a user of a foreign domain', old: { groups: staff, acls: [] }, next: { groups: staff, ...acls(acl('x@partner.io', 'tag:web:443')) } },
      { what: 'all users of a foreign domain', old: { groups: staff, acls: [] }, next: { groups: staff, ...acls(acl('user:*@partner.io', 'tag:web:443')) } },
    ],
    keepsQuiet: [
      { what: 'a user of the tailnet', old: { groups: staff, acls: [] }, next: { groups: staff, ...acls(acl('x@example.com', 'tag:web:443')) } },
      { what: 'log streaming', old: { groups: staff, acls: [] }, next: { groups: staff, ...acls(acl('logstream@tailscale', 'tag:siem:443')) } },
    ],
  },
  'ACL-INTERNET': {
    fires: [{ what: 'exit nodes for members', old: acls(), next: acls(acl('autogroup:member', 'autogroup:internet:*')) }],
    keepsQuiet: [
      { what: 'one named exit node', old: grants(), next: grants(grant('autogroup:member', 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })) },
      { what: 'its group was split, nobody gains', old: { groups: staff, ...acls(acl('group:dev', 'autogroup:internet:*')) }, next: { groups: { 'group:a': ['a@example.com'], 'group:b': ['b@example.com'] }, ...acls(acl('group:a', 'autogroup:internet:*'), acl('group:b', 'autogroup:internet:*')) } },
    ],
  },
  'ACL-SENSITIVE-PORT': {
    fires: [
      { what: 'ssh for members', old: acls(acl('autogroup:member', 'tag:web:443')), next: acls(acl('autogroup:member', 'tag:web:22,443')) },
      { what: 'a range with a database in it', old: acls(), next: acls(acl('autogroup:tagged', 'tag:web:5000-6000')) },
      { what: 'all ports of a tag', old: acls(), next: acls(acl('autogroup:member', 'tag:web:*')) },
    ],
    keepsQuiet: [
      { what: 'udp only', old: grants(), next: grants(grant('autogroup:member', 'tag:web', { ip: ['udp:22'] })) },
      { what: 'a narrow source', old: acls(), next: acls(acl('group:dev', 'tag:web:22')) },
      { what: 'own devices', old: acls(), next: acls(acl('autogroup:member', 'autogroup:self:*')) },
      { what: 'the port was open, another was added', old: acls(acl('autogroup:member', 'tag:web:22')), next: acls(acl('autogroup:member', 'tag:web:22,443')) },
    ],
  },
  'ACL-SUBNET-WIDE': {
    fires: [
      { what: 'a shorter prefix', old: acls(acl('group:dev', '10.1.0.0/16:443')), next: acls(acl('group:dev', '10.0.0.0/12:443')) },
      { what: 'the whole of 10/8', old: acls(web), next: acls(web, acl('group:dev', '10.0.0.0/8:443')) },
      { what: 'all of IPv6', old: acls(web), next: acls(web, acl('group:dev', '[::/0]:443')) },
      { what: 'a host that a rule uses', old: { hosts: { office: '10.1.2.0/24' }, ...acls(acl('group:dev', 'office:443')) }, next: { hosts: { office: '10.1.0.0/16' }, ...acls(acl('group:dev', 'office:443')) } },
    ],
    keepsQuiet: [
      { what: 'a longer prefix', old: acls(acl('group:dev', '10.0.0.0/8:443')), next: acls(acl('group:dev', '10.1.0.0/16:443')) },
      { what: 'another small subnet', old: acls(acl('group:dev', '10.1.0.0/16:443')), next: acls(acl('group:dev', '10.1.0.0/16:443'), acl('group:dev', '192.168.1.0/24:443')) },
      { what: 'the prefix got a name', old: acls(acl('group:dev', '10.0.0.0/8:443')), next: { hosts: { all: '10.0.0.0/8' }, ...acls(acl('group:dev', 'all:443')) } },
    ],
  },
  'GRANT-APP-PRIV': {
    fires: [
      { what: 'system:masters', old: grants(), next: grants(grant('group:dev', 'tag:k8s', { app: { 'tailscale.com/cap/kubernetes': [{ impersonate: { groups: ['system:masters'] } }] } })) },
      { what: 'admin: true', old: grants(grant('group:dev', 'tag:go', { app: { 'tailscale.com/cap/golink': [{}] } })), next: grants(grant('group:dev', 'tag:go', { app: { 'tailscale.com/cap/golink': [{ admin: true }] } })) },
      { what: 'drive from ro to rw', old: grants(grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'ro' }] } })), next: grants(grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'rw' }] } })) },
      { what: 'shares *', old: grants(grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'ro' }] } })), next: grants(grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['*'], access: 'ro' }] } })) },
    ],
    keepsQuiet: [
      { what: 'fewer shares', old: grants(grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a', 'b'], access: 'rw' }] } })), next: grants(grant('group:dev', 'tag:nas', { app: { 'tailscale.com/cap/drive': [{ shares: ['a'], access: 'rw' }] } })) },
      { what: 'a capability that gives no power', old: grants(), next: grants(grant('tag:a', 'tag:b', { app: { 'tailscale.com/cap/relay': [] } })) },
    ],
  },
  'GRANT-VIA-REMOVED': {
    fires: [
      { what: 'via is gone', old: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })), next: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'] })) },
      { what: 'a second router', old: grants(grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: ['tag:a'] })), next: grants(grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: ['tag:a', 'tag:b'] })) },
    ],
    keepsQuiet: [
      { what: 'via is new', old: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'] })), next: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })) },
      { what: 'the grant is gone', old: grants(grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: ['tag:a'] })), next: grants() },
    ],
  },
  'POSTURE-REMOVED': {
    fires: [
      { what: 'a rule lost its posture', old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })), next: acls(web) },
      { what: 'a second rule without it', old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })), next: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] }), web) },
      { what: 'an empty list replaced the default', old: { defaultSrcPosture: ['posture:mac'], ...acls(web) }, next: { defaultSrcPosture: ['posture:mac'], ...acls(acl('group:dev', 'tag:web:443', { srcPosture: [] })) } },
    ],
    keepsQuiet: [
      { what: 'the rule went with its posture', old: acls(web, acl('group:dev', 'tag:api:443', { srcPosture: ['posture:mac'] })), next: acls(web) },
      { what: 'the posture became the default', old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })), next: { defaultSrcPosture: ['posture:mac'], ...acls(web) } },
      { what: 'the posture was renamed', old: { postures: { 'posture:a': ['node:tsAutoUpdate'] }, ...acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:a'] })) }, next: { postures: { 'posture:b': ['node:tsAutoUpdate'] }, ...acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:b'] })) } },
    ],
  },
  'POSTURE-DEFAULT-REMOVED': {
    fires: [{ what: 'the default is gone', old: { defaultSrcPosture: ['posture:mac'], ...acls(web) }, next: acls(web) }],
    keepsQuiet: [{ what: 'every rule names it now', old: { defaultSrcPosture: ['posture:mac'], ...acls(web) }, next: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })) }],
  },
  'POSTURE-WEAKENED': {
    fires: [
      { what: 'a condition less', old: { postures: { 'posture:a': ['node:os == \'macos\'', 'node:tsAutoUpdate'] } }, next: { postures: { 'posture:a': ['node:os == \'macos\''] } } },
      { what: 'a lower version', old: { postures: { 'posture:a': ['node:osVersion >= \'14.10\''] } }, next: { postures: { 'posture:a': ['node:osVersion >= \'14.9\''] } } },
      { what: 'another way in', old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:a'] })), next: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:a', 'posture:b'] })) },
    ],
    keepsQuiet: [
      { what: 'a condition more', old: { postures: { 'posture:a': ['node:tsAutoUpdate'] } }, next: { postures: { 'posture:a': ['node:os == \'macos\'', 'node:tsAutoUpdate'] } } },
      { what: 'a higher version', old: { postures: { 'posture:a': ['node:osVersion >= \'13\''] } }, next: { postures: { 'posture:a': ['node:osVersion>="13.1"'] } } },
      { what: 'one condition written as two', old: { postures: { 'posture:a': ['node:os == \'macos\' && node:tsAutoUpdate'] } }, next: { postures: { 'posture:a': ['node:tsAutoUpdate', 'node:os == \'macos\''] } } },
      { what: 'a shorter list of systems', old: { postures: { 'posture:a': ['node:os in [\'macos\', \'linux\']'] } }, next: { postures: { 'posture:a': ['node:os IN [\'macos\']'] } } },
    ],
  },
  'SSH-ROOT-ACCEPT': {
    fires: [{ what: 'root without a check', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['root'])) }],
    keepsQuiet: [
      { what: 'root with a check', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['root'], { action: 'check' })) },
      { what: 'not root', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['autogroup:nonroot'])) },
      { what: 'a check still beats it', old: sshRules(ssh('group:dev', 'tag:web', ['root'], { action: 'check' })), next: sshRules(ssh('group:dev', 'tag:web', ['root'], { action: 'check' }), ssh('group:dev', 'tag:web', ['root'])) },
    ],
  },
  'SSH-CHECK-TO-ACCEPT': {
    fires: [
      { what: 'check became accept', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) },
      { what: 'a longer period', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: '1h' })), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: '20h' })) },
      { what: 'the period is gone: 12 hours', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: 'always' })), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })) },
      { what: 'the check went, and an accept had stood behind it', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' }), ssh('autogroup:member', 'tag:web', ['ubuntu'])), next: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu'])) },
    ],
    keepsQuiet: [
      { what: 'accept became check', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })) },
      { what: 'a shorter period', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: '30m' })) },
    ],
  },
  'SSH-BROAD': {
    fires: [
      { what: 'members to a tag', old: sshRules(), next: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu'], { action: 'check' })) },
      { what: 'to every tagged machine', old: sshRules(), next: sshRules(ssh('group:dev', 'autogroup:tagged', ['ubuntu'])) },
    ],
    keepsQuiet: [
      { what: 'members to their own devices', old: sshRules(), next: sshRules(ssh('autogroup:member', 'autogroup:self', ['root', 'autogroup:nonroot'], { action: 'check' })) },
      { what: 'another account for those who were let in', old: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu'])), next: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu', 'deploy'])) },
    ],
  },
  'SSH-RECORDER-OFF': {
    fires: [
      { what: 'the recorder is gone', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'] })), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) },
      { what: 'recording may fail', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'], enforceRecorder: true })), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'] })) },
    ],
    keepsQuiet: [
      { what: 'the rule is gone with it', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'] })), next: sshRules() },
      { what: 'a rule that never recorded', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) },
    ],
  },
  'SSH-NONROOT-TAG': {
    fires: [{ what: 'any account but root on a tag', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['autogroup:nonroot'])) }],
    keepsQuiet: [{ what: 'on own devices', old: sshRules(), next: sshRules(ssh('group:dev', 'autogroup:self', ['autogroup:nonroot'])) }],
  },
  'SSH-ACCEPTENV': {
    fires: [{ what: 'any variable', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { acceptEnv: ['*'] })) }],
    keepsQuiet: [{ what: 'some variables', old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { acceptEnv: ['GIT_*'] })) }],
  },
  'TAGOWNER-BROAD': {
    fires: [
      { what: 'every member', old: { tagOwners: { 'tag:web': ['group:dev'] } }, next: { tagOwners: { 'tag:web': ['group:dev', 'autogroup:member'] } } },
      { what: 'every user of a domain, on a new tag', old: { tagOwners: {} }, next: { tagOwners: { 'tag:web': ['user:*@example.com'] } } },
    ],
    keepsQuiet: [
      { what: 'it was there', old: { tagOwners: { 'tag:web': ['autogroup:member'] } }, next: { tagOwners: { 'tag:web': ['autogroup:members', 'group:dev'] } } },
    ],
  },
  'TAGOWNER-ADDED': {
    fires: [{ what: 'another group', old: { tagOwners: { 'tag:web': ['group:dev'] } }, next: { tagOwners: { 'tag:web': ['group:dev', 'group:qa'] } } }],
    keepsQuiet: [
      { what: 'admins may take any tag', old: { tagOwners: { 'tag:web': [] } }, next: { tagOwners: { 'tag:web': ['autogroup:admin'] } } },
      { what: 'the group was written out', old: { groups: staff, tagOwners: { 'tag:web': ['group:dev'] } }, next: { groups: staff, tagOwners: { 'tag:web': ['a@example.com', 'b@example.com'] } } },
      { what: 'the tag was renamed', old: { tagOwners: { 'tag:web': ['group:dev'] }, ...acls(web) }, next: { tagOwners: { 'tag:www': ['group:dev'] }, ...acls(acl('group:dev', 'tag:www:443')) } },
    ],
  },
  'TAGOWNER-CHAIN': {
    fires: [{ what: 'a pipeline may become production', old: { tagOwners: { 'tag:ci': [], 'tag:prod': [] }, ...acls(acl('tag:prod', 'tag:db:5432')) }, next: { tagOwners: { 'tag:ci': [], 'tag:prod': ['tag:ci'] }, ...acls(acl('tag:prod', 'tag:db:5432')) } }],
    keepsQuiet: [{ what: 'the owner reaches as much', old: { tagOwners: { 'tag:ci': [], 'tag:prod': [] }, ...acls(acl('tag:ci', '*:*'), acl('tag:prod', 'tag:db:5432')) }, next: { tagOwners: { 'tag:ci': [], 'tag:prod': ['tag:ci'] }, ...acls(acl('tag:ci', '*:*'), acl('tag:prod', 'tag:db:5432')) } }],
  },
  'AUTOAPPROVE-EXIT': {
    fires: [{ what: 'an approver', old: { autoApprovers: {} }, next: { autoApprovers: { exitNode: ['tag:exit'] } } }],
    keepsQuiet: [{ what: 'one less', old: { autoApprovers: { exitNode: ['tag:exit', 'group:dev'] } }, next: { autoApprovers: { exitNode: ['tag:exit'] } } }],
  },
  'AUTOAPPROVE-ROUTE': {
    fires: [
      { what: 'a route', old: {}, next: { autoApprovers: { routes: { '10.0.0.0/24': ['tag:router'] } } } },
      { what: 'a wider route', old: { autoApprovers: { routes: { '10.0.0.0/24': ['tag:router'] } } }, next: { autoApprovers: { routes: { '10.0.0.0/16': ['tag:router'] } } } },
    ],
    keepsQuiet: [{ what: 'a subnet of a route that is approved', old: { autoApprovers: { routes: { '10.0.0.0/16': ['tag:router'] } } }, next: { autoApprovers: { routes: { '10.0.3.0/24': ['tag:router'] } } } }],
  },
  'AUTOAPPROVE-BROAD': {
    fires: [{ what: 'members approve', old: {}, next: { autoApprovers: { routes: { '10.0.0.0/24': ['autogroup:member'] } } } }],
    keepsQuiet: [{ what: 'a tag approves', old: {}, next: { autoApprovers: { routes: { '10.0.0.0/24': ['tag:router'] } } } }],
  },
  'AUTOAPPROVE-SVC': {
    fires: [{ what: 'a service', old: {}, next: { autoApprovers: { services: { 'svc:web': ['tag:web'] } } } }],
    keepsQuiet: [{ what: 'it is gone', old: { autoApprovers: { services: { 'svc:web': ['tag:web'] } } }, next: { autoApprovers: {} } }],
  },
  'FUNNEL-ADDED': {
    fires: [
      { what: 'funnel', old: {}, next: { nodeAttrs: [{ target: ['tag:web'], attr: ['funnel'] }] } },
      { what: 'for everyone', old: { nodeAttrs: [{ target: ['tag:web'], attr: ['funnel'] }] }, next: { nodeAttrs: [{ target: ['autogroup:member', 'tag:web'], attr: ['funnel'] }] } },
    ],
    keepsQuiet: [{ what: 'for fewer', old: { nodeAttrs: [{ target: ['*'], attr: ['funnel'] }] }, next: { nodeAttrs: [{ target: ['tag:web'], attr: ['funnel', 'mullvad'] }] } }],
  },
  'APPCONN-CHANGED': {
    fires: [{ what: 'a domain', old: {}, next: { nodeAttrs: [{ target: ['*'], app: { 'tailscale.com/app-connectors': [{ name: 'x', connectors: ['tag:c'], domains: ['example.com'] }] } }] } }],
    keepsQuiet: [{ what: 'another name', old: { nodeAttrs: [{ target: ['*'], app: { 'tailscale.com/app-connectors': [{ name: 'x', connectors: ['tag:c'], domains: ['example.com'] }] } }] }, next: { nodeAttrs: [{ target: ['*'], app: { 'tailscale.com/app-connectors': [{ name: 'y', connectors: ['tag:c'], domains: ['example.com'] }] } }] } }],
  },
  'NODEATTR-DNS': {
    fires: [
      { what: 'another resolver', old: { nodeAttrs: [{ target: ['*'], attr: ['nextdns:abc'] }] }, next: { nodeAttrs: [{ target: ['*'], attr: ['nextdns:xyz'] }] } },
      { what: 'a record', old: {}, next: { extraDNSRecords: [{ Name: 'a.example.com', Type: 'A', Value: '100.64.0.1' }] } },
    ],
    keepsQuiet: [{ what: 'another attribute', old: { nodeAttrs: [{ target: ['*'], attr: ['nextdns:abc'] }] }, next: { nodeAttrs: [{ target: ['*'], attr: ['mullvad', 'nextdns:abc'] }] } }],
  },
  'GROUP-PRIV-ADD': {
    fires: [
      { what: 'named like admins', old: { groups: { 'group:admins': ['a@example.com'] } }, next: { groups: { 'group:admins': ['a@example.com', 'b@example.com'] } } },
      { what: 'reaches by ssh', old: { groups: staff, ...sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) }, next: { groups: { ...staff, 'group:dev': [...staff['group:dev'], 'z@example.com'] }, ...sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) } },
      { what: 'moved there from a lesser group', old: { groups: { 'group:dev': ['a@example.com'], 'group:sre': ['b@example.com'] }, ...acls(acl('group:sre', '*:*')) }, next: { groups: { 'group:dev': [], 'group:sre': ['a@example.com', 'b@example.com'] }, ...acls(acl('group:sre', '*:*')) } },
    ],
    keepsQuiet: [
      { what: 'a group without power', old: { groups: { 'group:laptops': [] }, acls: [] }, next: { groups: { 'group:laptops': ['a@example.com'] }, acls: [] } },
      { what: 'the group was renamed', old: { groups: { 'group:root': ['a@example.com'] }, ...acls(acl('group:root', '*:*')) }, next: { groups: { 'group:admins': ['a@example.com'] }, ...acls(acl('group:admins', '*:*')) } },
      { what: 'a list became a group', old: acls({ action: 'accept', src: ['a@example.com', 'b@example.com'], dst: ['tag:web:*'] }), next: { groups: { 'group:ops': ['a@example.com', 'b@example.com'] }, ...acls(acl('group:ops', 'tag:web:*')) } },
    ],
  },
  'GROUP-EXTERNAL': {
    fires: [{ what: 'a guest', old: { groups: staff }, next: { groups: { ...staff, 'group:qa': ['c@example.com', 'x@partner.io'] } } }],
    keepsQuiet: [{ what: 'a colleague', old: { groups: staff }, next: { groups: { ...staff, 'group:qa': ['c@example.com', 'x@example.com'] } } }],
  },
  'GROUP-ADD': {
    fires: [{ what: 'a colleague', old: { groups: staff }, next: { groups: { ...staff, 'group:qa': ['c@example.com', 'x@example.com'] } } }],
    keepsQuiet: [
      { what: 'two groups with the same reach were merged', old: { groups: staff, ...acls(acl('group:dev', 'tag:web:443'), acl('group:qa', 'tag:web:443')) }, next: { groups: { 'group:dev': ['a@example.com', 'b@example.com', 'c@example.com'] }, ...acls(acl('group:dev', 'tag:web:443')) } },
      { what: 'a member left', old: { groups: staff }, next: { groups: { ...staff, 'group:dev': ['a@example.com'] } } },
    ],
  },
  'ALIAS-RETARGET': {
    fires: [
      { what: 'a host points elsewhere', old: { hosts: { db: '10.0.0.1' }, ...acls(acl('group:dev', 'db:5432')) }, next: { hosts: { db: '10.0.0.2' }, ...acls(acl('group:dev', 'db:5432')) } },
      { what: 'an ipset grew', old: { ipsets: { 'ipset:x': ['10.0.0.0/24', 'remove 10.0.0.128/25'] }, ...acls(acl('group:dev', 'ipset:x:443')) }, next: { ipsets: { 'ipset:x': ['10.0.0.0/24'] }, ...acls(acl('group:dev', 'ipset:x:443')) } },
    ],
    keepsQuiet: [
      { what: 'nothing uses it', old: { hosts: { db: '10.0.0.1' }, acls: [] }, next: { hosts: { db: '10.0.0.2' }, acls: [] } },
      { what: 'it shrank', old: { ipsets: { 'ipset:x': ['10.0.0.0/24'] }, ...acls(acl('group:dev', 'ipset:x:443')) }, next: { ipsets: { 'ipset:x': ['add 10.0.0.0/25'] }, ...acls(acl('group:dev', 'ipset:x:443')) } },
    ],
  },
  'TESTS-REMOVED': {
    fires: [{ what: 'no test is left', old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }] }, next: { tests: [] } }],
    keepsQuiet: [{ what: 'one is left', old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }, { src: 'b@example.com', accept: ['tag:web:443'] }] }, next: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }] } }],
  },
  'TESTS-LOOSENED': {
    fires: [{ what: 'a denial less', old: { tests: [{ src: 'a@example.com', deny: ['tag:prod:22', 'tag:prod:80'] }] }, next: { tests: [{ src: 'a@example.com', deny: ['tag:prod:80'] }] } }],
    keepsQuiet: [
      { what: 'the denial moved to another test', old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'], deny: ['tag:prod:22'] }] }, next: { tests: [{ src: 'a@example.com', deny: ['tag:prod:22'] }, { src: 'a@example.com', accept: ['tag:web:443'] }] } },
      { what: 'an expected access less', old: { tests: [{ src: 'a@example.com', accept: ['tag:web:443'], deny: ['tag:prod:22'] }] }, next: { tests: [{ src: 'a@example.com', deny: ['tag:prod:22'] }] } },
      { what: 'the tag is gone', old: { tagOwners: { 'tag:prod': [], 'tag:a': [] }, tests: [{ src: 'a@example.com', deny: ['tag:prod:22', 'tag:a:22'] }] }, next: { tagOwners: { 'tag:a': [] }, tests: [{ src: 'a@example.com', deny: ['tag:a:22'] }] } },
    ],
  },
  'DERP-CHANGED': {
    fires: [{ what: 'a region', old: {}, next: { derpMap: { Regions: { 900: { RegionID: 900 } } } } }],
    keepsQuiet: [{ what: 'keys in another order', old: { derpMap: { OmitDefaultRegions: true, Regions: {} } }, next: { derpMap: { Regions: {}, OmitDefaultRegions: true } } }],
  },
  'DUP-KEY': {
    fires: [
      { what: 'a group twice', old: '{"groups": {}}', next: '{"groups": {\n"group:a": [],\n"group:a": ["x@example.com"]}}' },
      { what: 'a section in two spellings', old: '{}', next: '{"acls": [], "ACLs": []}' },
    ],
    keepsQuiet: [{ what: 'the same key in two places', old: '{}', next: '{"groups": {"x": []}, "hosts": {"x": "10.0.0.1"}}' }],
  },
  'PARSE-ERROR': {
    fires: [{ what: 'a bracket is missing', old: '{"acls": []}', next: '{"acls": [}' }],
    keepsQuiet: [{ what: 'comments and trailing commas', old: '{"acls": []}', next: '// x\n{"acls": [],}' }],
  },
  'POLICY-EMPTIED': {
    fires: [
      { what: 'an empty object', old: acls(web), next: {} },
      { what: 'no text', old: '{"acls": []}', next: '' },
    ],
    keepsQuiet: [{ what: 'a first write', old: '', next: acls(web) }],
  },
  'LOGSTREAM-RULE': {
    fires: [{ what: 'log streaming', old: acls(), next: acls(acl('logstream@tailscale', 'tag:siem:443')) }],
    keepsQuiet: [{ what: 'it was there', old: acls(acl('logstream@tailscale', 'tag:siem:443')), next: acls(web, acl('logstream@tailscale', 'tag:siem:443')) }],
  },
  'UNKNOWN-KEY': {
    fires: [{ what: 'a section', old: {}, next: { somethingNew: true } }],
    keepsQuiet: [{ what: 'a known one in another spelling', old: {}, next: { RandomizeClientPort: true } }],
  },
};
