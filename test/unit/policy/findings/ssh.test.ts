import { SSH_FINDINGS } from '../../../../lib/policy/findings/ssh';
import { ssh, sshRule, testFindings } from './examples';

const NONE = { acls: [], ssh: [] };
const rules = (...list: object[]) => ({ acls: [], ssh: list });
const check = (checkPeriod?: string) => ({ action: 'check', checkPeriod });
const root = { users: ['root'] };
const member = { src: ['autogroup:member'] };
const recorder = ['tag:rec'];

testFindings(SSH_FINDINGS, {
  'SSH-ROOT-ACCEPT': {
    reported: [['root without a check', NONE, ssh(root)]],
    notReported: [
      ['root with a check', NONE, ssh({ ...root, ...check() })],
      ['not root', NONE, ssh({ users: ['autogroup:nonroot'] })],
      [
        'a check that overrides the accept',
        ssh({ ...root, ...check() }),
        rules(sshRule({ ...root, ...check() }), sshRule(root)),
      ],
    ],
  },
  'SSH-CHECK-TO-ACCEPT': {
    reported: [
      ['check to accept', ssh(check()), ssh()],
      ['a longer period', ssh(check('1h')), ssh(check('20h'))],
      ['the default period of 12 hours', ssh(check('always')), ssh(check())],
      ['the check removed that overrode an accept', rules(sshRule(check()), sshRule(member)), ssh(member)],
    ],
    notReported: [
      ['accept to check', ssh(), ssh(check())],
      ['a shorter period', ssh(check()), ssh(check('30m'))],
    ],
  },
  'SSH-BROAD': {
    reported: [
      ['members to a tag', NONE, ssh({ ...member, ...check() })],
      ['all tagged devices', NONE, ssh({ dst: ['autogroup:tagged'] })],
    ],
    notReported: [
      ['members to their own devices', NONE, ssh({ ...member, dst: ['autogroup:self'], ...root, ...check() })],
      ['another account', ssh(member), ssh({ ...member, users: ['ubuntu', 'deploy'] })],
    ],
  },
  'SSH-RECORDER-OFF': {
    reported: [
      ['the recorder removed', ssh({ recorder }), ssh()],
      ['recording made optional', ssh({ recorder, enforceRecorder: true }), ssh({ recorder })],
    ],
    notReported: [
      ['the rule removed', ssh({ recorder }), NONE],
      ['a new rule without a recorder', NONE, ssh()],
    ],
  },
  'SSH-NONROOT-TAG': {
    reported: [['any non-root user on a tag', NONE, ssh({ users: ['autogroup:nonroot'] })]],
    notReported: [['own devices', NONE, ssh({ dst: ['autogroup:self'], users: ['autogroup:nonroot'] })]],
  },
  'SSH-ACCEPTENV': {
    reported: [['every variable', ssh(), ssh({ acceptEnv: ['*'] })]],
    notReported: [['some variables', ssh(), ssh({ acceptEnv: ['GIT_*'] })]],
  },
});
