import { GATE_FINDINGS } from '../../../../lib/policy/findings/gates';
import { acl, acls, grant, testFindings, web } from './examples';

const via = (...routers: string[]) => grant('group:dev', '10.0.0.0/24', { ip: ['*'], via: routers });
/** An acl that requires postures. */
const gated = (...postures: string[]) => acl('group:dev', 'tag:web:443', { srcPosture: postures });
const withDefault = (...rules: Parameters<typeof acls>) => ({ defaultSrcPosture: ['posture:mac'], ...acls(...rules) });
/** A posture with conditions that no rule uses. */
const posture = (...conditions: string[]) => ({ postures: { 'posture:a': conditions } });
/** A posture of some name that a rule uses. */
const named = (name: string) => ({ postures: { [name]: ['node:tsAutoUpdate'] }, ...acls(gated(name)) });

testFindings(GATE_FINDINGS, {
  'GRANT-VIA-REMOVED': {
    reported: [
      ['via removed', via('tag:a'), via()],
      ['a second router', via('tag:a'), via('tag:a', 'tag:b')],
    ],
    notReported: [
      ['via added', via(), via('tag:a')],
      ['the grant removed', via('tag:a'), { grants: [] }],
    ],
  },
  'POSTURE-REMOVED': {
    reported: [
      ['a rule without its posture', acls(gated('posture:mac')), acls(web)],
      ['a second rule without it', acls(gated('posture:mac')), acls(gated('posture:mac'), web)],
      ['an empty list instead of the default', withDefault(web), withDefault(gated())],
    ],
    notReported: [
      ['the rule removed', acls(web, acl('group:dev', 'tag:api:443', { srcPosture: ['posture:mac'] })), acls(web)],
      ['the posture made the default', acls(gated('posture:mac')), withDefault(web)],
      ['the posture renamed', named('posture:a'), named('posture:b')],
    ],
  },
  'POSTURE-DEFAULT-REMOVED': {
    reported: [['the default removed', withDefault(web), acls(web)]],
    notReported: [['the posture in every rule instead', withDefault(web), acls(gated('posture:mac'))]],
  },
  'POSTURE-WEAKENED': {
    reported: [
      ['a condition removed', posture("node:os == 'macos'", 'node:tsAutoUpdate'), posture("node:os == 'macos'")],
      ['a lower version', posture("node:osVersion >= '14.10'"), posture("node:osVersion >= '14.9'")],
      ['an alternative posture', acls(gated('posture:a')), acls(gated('posture:a', 'posture:b'))],
    ],
    notReported: [
      ['a condition added', posture('node:tsAutoUpdate'), posture("node:os == 'macos'", 'node:tsAutoUpdate')],
      ['a higher version', posture("node:osVersion >= '13'"), posture('node:osVersion>="13.1"')],
      [
        'one condition written as two',
        posture("node:os == 'macos' && node:tsAutoUpdate"),
        posture('node:tsAutoUpdate', "node:os == 'macos'"),
      ],
      ['a shorter list of systems', posture("node:os in ['macos', 'linux']"), posture("node:os IN ['macos']")],
    ],
  },
});
