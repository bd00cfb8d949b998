import type { PolicyChange } from '../compare/policy-change';
import { isBroad, TAGGED } from '../access/selector';
import { coversUser, isOwnOrOutside, isTagged, type SshGain } from '../access/ssh-access';
import { byPlace, type Evidence, type FindingRule } from './finding';

/** What the change of a rule, not of an alias, gave. */
function gained({ ssh }: PolicyChange): readonly SshGain[] {
  return ssh.filter(({ cause }) => cause === 'rule');
}

/** A rule that only the old side has is told by its path there: what it held back is free now. */
function atRule(gains: readonly SshGain[], detail: (gain: SshGain) => string = sourceToHost): readonly Evidence[] {
  return byPlace(
    'ssh',
    gains,
    ({ rule, isRuleNew }) => ({ path: rule.path, line: isRuleNew ? rule.line : null }),
    detail,
  );
}

function sourceToHost({ src, dst, user }: SshGain): string {
  return `${src} to ${user} on ${dst}`;
}

function rootAccept(change: PolicyChange): readonly Evidence[] {
  return atRule(
    gained(change).filter(
      ({ user, before, after }) => coversUser(user, 'root') && after.mode === 'accept' && before.mode !== 'accept',
    ),
  );
}

function checkToAccept(change: PolicyChange): readonly Evidence[] {
  const eased = change.ssh.filter(
    ({ before, after, cause }) =>
      cause === 'rule' &&
      before.mode === 'check' &&
      (after.mode === 'accept' || after.checkSeconds > before.checkSeconds),
  );
  return atRule(
    eased,
    (gain) =>
      `${sourceToHost(gain)}: check every ${period(gain.before.checkSeconds)}, now ${gain.after.mode === 'accept' ? 'accept' : `every ${period(gain.after.checkSeconds)}`}`,
  );
}

function period(seconds: number): string {
  if (seconds === 0) return 'time';
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.round(seconds / 60)} min`;
}

/** A user's own devices are no broad reach, whoever the users are. */
function broad(change: PolicyChange): readonly Evidence[] {
  return atRule(
    gained(change).filter(
      ({ isFresh, src, dst }) => isFresh && !isOwnOrOutside(dst) && (isBroad(src) || dst === TAGGED),
    ),
  );
}

function recorderOff(change: PolicyChange): readonly Evidence[] {
  return atRule(
    change.ssh.filter(
      ({ before, after, cause }) =>
        cause === 'rule' &&
        before.mode !== 'none' &&
        ((before.isRecorded && !after.isRecorded) || (before.mustRecord && !after.mustRecord)),
    ),
  );
}

function nonrootOnTag(change: PolicyChange): readonly Evidence[] {
  return atRule(
    gained(change).filter(
      ({ user, dst, before }) => user === 'autogroup:nonroot' && isTagged(dst) && before.mode === 'none',
    ),
  );
}

export const SSH_FINDINGS: readonly FindingRule[] = [
  { id: 'SSH-ROOT-ACCEPT', severity: 'high', standing: true, title: 'SSH as root without a check', when: rootAccept },
  {
    id: 'SSH-CHECK-TO-ACCEPT',
    severity: 'high',
    standing: false,
    title: 'SSH asks for a sign-in less often, or no more',
    when: checkToAccept,
  },
  {
    id: 'SSH-BROAD',
    severity: 'high',
    standing: true,
    title: 'SSH from a broad source, or to every tagged machine',
    when: broad,
  },
  {
    id: 'SSH-RECORDER-OFF',
    severity: 'high',
    standing: false,
    title: 'SSH sessions are no longer recorded, or need not be',
    when: recorderOff,
  },
  {
    id: 'SSH-NONROOT-TAG',
    severity: 'medium',
    standing: true,
    title: 'SSH to a tag under any account but root',
    when: nonrootOnTag,
  },
  {
    id: 'SSH-ACCEPTENV',
    severity: 'medium',
    standing: true,
    title: 'SSH takes any environment variable from the client',
    when: (change) =>
      atRule(gained(change).filter(({ before, after }) => after.acceptsAnyEnv && !before.acceptsAnyEnv)),
  },
];
