import { isBroad, TAGGED } from '../access/selector';
import { coversUser, isOwnOrOutside, isTagged, type SshGain } from '../access/ssh-access';
import type { PolicyChange } from '../compare/policy-change';
import { evidenceByPlace, finding, type Evidence, type FindingRule } from './finding';

/** Evidence for the gains of changed rules that pass. A removed rule has its path on the old side and no line. */
function gains(
  { ssh }: PolicyChange,
  passes: (gain: SshGain) => boolean,
  detail: (gain: SshGain) => string = () => '',
): readonly Evidence[] {
  return evidenceByPlace(
    ssh.filter((gain) => gain.cause === 'rule' && passes(gain)),
    ({ rule: { section, path, line }, isRuleNew }) => ({ section, path, line: isRuleNew ? line : null }),
    (gain) => `${gain.src} to ${gain.user} on ${gain.dst}${detail(gain)}`,
  );
}

function isRootAccept({ user, before, after }: SshGain): boolean {
  return coversUser(user, 'root') && after.mode === 'accept' && before.mode !== 'accept';
}

function isCheckWeakened({ before, after }: SshGain): boolean {
  return before.mode === 'check' && (after.mode === 'accept' || after.checkSeconds > before.checkSeconds);
}

function checkBeforeAndAfter({ before, after }: SshGain): string {
  const now = after.mode === 'accept' ? 'accept' : `every ${period(after.checkSeconds)}`;
  return `: check every ${period(before.checkSeconds)} before, ${now} after`;
}

function period(seconds: number): string {
  if (seconds === 0) return 'connection';
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.round(seconds / 60)} min`;
}

/** Access of users to their own devices is not broad, whoever the users are. */
function isBroadAccess({ isFresh, src, dst }: SshGain): boolean {
  return isFresh && !isOwnOrOutside(dst) && (isBroad(src) || dst === TAGGED);
}

function isRecordingLost({ before, after }: SshGain): boolean {
  if (before.mode === 'none') return false;
  return (before.isRecorded && !after.isRecorded) || (before.mustRecord && !after.mustRecord);
}

function isNonrootOnTag({ user, dst, before }: SshGain): boolean {
  return user === 'autogroup:nonroot' && isTagged(dst) && before.mode === 'none';
}

function acceptsMoreEnv({ before, after }: SshGain): boolean {
  return after.acceptsAnyEnv && !before.acceptsAnyEnv;
}

export const SSH_FINDINGS: readonly FindingRule[] = [
  finding('SSH-ROOT-ACCEPT', 'high', 'counted', 'SSH access as root without check mode added', (change) =>
    gains(change, isRootAccept),
  ),
  finding('SSH-CHECK-TO-ACCEPT', 'high', 'new only', 'SSH check mode weakened or removed', (change) =>
    gains(change, isCheckWeakened, checkBeforeAndAfter),
  ),
  finding('SSH-BROAD', 'high', 'counted', 'SSH access from a broad source or to all tagged devices added', (change) =>
    gains(change, isBroadAccess),
  ),
  finding('SSH-RECORDER-OFF', 'high', 'new only', 'SSH session recording removed or made optional', (change) =>
    gains(change, isRecordingLost),
  ),
  finding('SSH-NONROOT-TAG', 'medium', 'counted', 'SSH access to a tag as any non-root user added', (change) =>
    gains(change, isNonrootOnTag),
  ),
  finding('SSH-ACCEPTENV', 'medium', 'counted', 'SSH acceptEnv widened to every variable', (change) =>
    gains(change, acceptsMoreEnv),
  ),
];
