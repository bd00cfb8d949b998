import type { Examples } from './example';
import { acl, grant, ssh, acls, grants, sshRules, web } from './rules';

/** Findings about what stands before access: postures, ways, SSH. */
export const GATE_EXAMPLES: Readonly<Record<string, Examples>> = {
  'GRANT-VIA-REMOVED': {
    fires: [
      {
        what: 'via is gone',
        old: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })),
        next: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'] })),
      },
      {
        what: 'a second router',
        old: grants(grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: ['tag:a'] })),
        next: grants(grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: ['tag:a', 'tag:b'] })),
      },
    ],
    keepsQuiet: [
      {
        what: 'via is new',
        old: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'] })),
        next: grants(grant('group:dev', 'autogroup:internet', { ip: ['*'], via: ['tag:exit'] })),
      },
      {
        what: 'the grant is gone',
        old: grants(grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: ['tag:a'] })),
        next: grants(),
      },
    ],
  },
  'POSTURE-REMOVED': {
    fires: [
      {
        what: 'a rule lost its posture',
        old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })),
        next: acls(web),
      },
      {
        what: 'a second rule without it',
        old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })),
        next: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] }), web),
      },
      {
        what: 'an empty list replaced the default',
        old: { defaultSrcPosture: ['posture:mac'], ...acls(web) },
        next: { defaultSrcPosture: ['posture:mac'], ...acls(acl('group:dev', 'tag:web:443', { srcPosture: [] })) },
      },
    ],
    keepsQuiet: [
      {
        what: 'the rule went with its posture',
        old: acls(web, acl('group:dev', 'tag:api:443', { srcPosture: ['posture:mac'] })),
        next: acls(web),
      },
      {
        what: 'the posture became the default',
        old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })),
        next: { defaultSrcPosture: ['posture:mac'], ...acls(web) },
      },
      {
        what: 'the posture was renamed',
        old: {
          postures: { 'posture:a': ['node:tsAutoUpdate'] },
          ...acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:a'] })),
        },
        next: {
          postures: { 'posture:b': ['node:tsAutoUpdate'] },
          ...acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:b'] })),
        },
      },
    ],
  },
  'POSTURE-DEFAULT-REMOVED': {
    fires: [
      { what: 'the default is gone', old: { defaultSrcPosture: ['posture:mac'], ...acls(web) }, next: acls(web) },
    ],
    keepsQuiet: [
      {
        what: 'every rule names it now',
        old: { defaultSrcPosture: ['posture:mac'], ...acls(web) },
        next: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:mac'] })),
      },
    ],
  },
  'POSTURE-WEAKENED': {
    fires: [
      {
        what: 'a condition less',
        old: { postures: { 'posture:a': ["node:os == 'macos'", 'node:tsAutoUpdate'] } },
        next: { postures: { 'posture:a': ["node:os == 'macos'"] } },
      },
      {
        what: 'a lower version',
        old: { postures: { 'posture:a': ["node:osVersion >= '14.10'"] } },
        next: { postures: { 'posture:a': ["node:osVersion >= '14.9'"] } },
      },
      {
        what: 'another way in',
        old: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:a'] })),
        next: acls(acl('group:dev', 'tag:web:443', { srcPosture: ['posture:a', 'posture:b'] })),
      },
    ],
    keepsQuiet: [
      {
        what: 'a condition more',
        old: { postures: { 'posture:a': ['node:tsAutoUpdate'] } },
        next: { postures: { 'posture:a': ["node:os == 'macos'", 'node:tsAutoUpdate'] } },
      },
      {
        what: 'a higher version',
        old: { postures: { 'posture:a': ["node:osVersion >= '13'"] } },
        next: { postures: { 'posture:a': ['node:osVersion>="13.1"'] } },
      },
      {
        what: 'one condition written as two',
        old: { postures: { 'posture:a': ["node:os == 'macos' && node:tsAutoUpdate"] } },
        next: { postures: { 'posture:a': ['node:tsAutoUpdate', "node:os == 'macos'"] } },
      },
      {
        what: 'a shorter list of systems',
        old: { postures: { 'posture:a': ["node:os in ['macos', 'linux']"] } },
        next: { postures: { 'posture:a': ["node:os IN ['macos']"] } },
      },
    ],
  },
  'SSH-ROOT-ACCEPT': {
    fires: [{ what: 'root without a check', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['root'])) }],
    keepsQuiet: [
      {
        what: 'root with a check',
        old: sshRules(),
        next: sshRules(ssh('group:dev', 'tag:web', ['root'], { action: 'check' })),
      },
      { what: 'not root', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['autogroup:nonroot'])) },
      {
        what: 'a check still beats it',
        old: sshRules(ssh('group:dev', 'tag:web', ['root'], { action: 'check' })),
        next: sshRules(
          ssh('group:dev', 'tag:web', ['root'], { action: 'check' }),
          ssh('group:dev', 'tag:web', ['root']),
        ),
      },
    ],
  },
  'SSH-CHECK-TO-ACCEPT': {
    fires: [
      {
        what: 'check became accept',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])),
      },
      {
        what: 'a longer period',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: '1h' })),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: '20h' })),
      },
      {
        what: 'the period is gone: 12 hours',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: 'always' })),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })),
      },
      {
        what: 'the check went, and an accept had stood behind it',
        old: sshRules(
          ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' }),
          ssh('autogroup:member', 'tag:web', ['ubuntu']),
        ),
        next: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu'])),
      },
    ],
    keepsQuiet: [
      {
        what: 'accept became check',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })),
      },
      {
        what: 'a shorter period',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check' })),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { action: 'check', checkPeriod: '30m' })),
      },
    ],
  },
  'SSH-BROAD': {
    fires: [
      {
        what: 'members to a tag',
        old: sshRules(),
        next: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu'], { action: 'check' })),
      },
      {
        what: 'to every tagged machine',
        old: sshRules(),
        next: sshRules(ssh('group:dev', 'autogroup:tagged', ['ubuntu'])),
      },
    ],
    keepsQuiet: [
      {
        what: 'members to their own devices',
        old: sshRules(),
        next: sshRules(ssh('autogroup:member', 'autogroup:self', ['root', 'autogroup:nonroot'], { action: 'check' })),
      },
      {
        what: 'another account for those who were let in',
        old: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu'])),
        next: sshRules(ssh('autogroup:member', 'tag:web', ['ubuntu', 'deploy'])),
      },
    ],
  },
  'SSH-RECORDER-OFF': {
    fires: [
      {
        what: 'the recorder is gone',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'] })),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])),
      },
      {
        what: 'recording may fail',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'], enforceRecorder: true })),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'] })),
      },
    ],
    keepsQuiet: [
      {
        what: 'the rule is gone with it',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { recorder: ['tag:rec'] })),
        next: sshRules(),
      },
      { what: 'a rule that never recorded', old: sshRules(), next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])) },
    ],
  },
  'SSH-NONROOT-TAG': {
    fires: [
      {
        what: 'any account but root on a tag',
        old: sshRules(),
        next: sshRules(ssh('group:dev', 'tag:web', ['autogroup:nonroot'])),
      },
    ],
    keepsQuiet: [
      {
        what: 'on own devices',
        old: sshRules(),
        next: sshRules(ssh('group:dev', 'autogroup:self', ['autogroup:nonroot'])),
      },
    ],
  },
  'SSH-ACCEPTENV': {
    fires: [
      {
        what: 'any variable',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { acceptEnv: ['*'] })),
      },
    ],
    keepsQuiet: [
      {
        what: 'some variables',
        old: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'])),
        next: sshRules(ssh('group:dev', 'tag:web', ['ubuntu'], { acceptEnv: ['GIT_*'] })),
      },
    ],
  },
};
