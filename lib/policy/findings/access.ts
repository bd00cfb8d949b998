import type { Gain } from '../access/access';
import {
  domainOfAll,
  EVERYTHING,
  INTERNET,
  isBroad,
  LOGSTREAM,
  MEMBERS,
  OUTSIDE,
  SELF,
  SHARED,
} from '../access/selector';
import type { Side } from '../access/side';
import type { PolicyChange } from '../compare/policy-change';
import { containsRange, createRangeIndex, isHuge, type AddressRange } from '../parse/address';
import { append, memoize } from '../parse/collections';
import { isDefaultOpen, type AccessRule } from '../parse/model';
import { formatPorts, isAllPorts, tcpPortsAmong } from '../parse/ports';
import { aliasEvidence, grownAliases } from './aliases';
import { evidenceByPlace, finding, sectionEvidence, type Evidence, type FindingRule } from './finding';
import { isSensitiveName } from './names';

/** SSH, RDP, WinRM, SMB, Kubernetes, etcd, PostgreSQL, MySQL, MongoDB, Redis. */
const SENSITIVE_PORTS = [22, 3389, 5985, 445, 6443, 2379, 5432, 3306, 27017, 6379];

/** Access that a new or changed rule opened. */
function opened({ access }: PolicyChange): readonly Gain[] {
  return access.filter((gain) => gain.cause === 'rule' && gain.opened.length > 0);
}

/** Of these, between a source and a destination that no old rule named together. */
function fresh(change: PolicyChange): readonly Gain[] {
  return opened(change).filter((gain) => gain.isFresh);
}

function isAllowAll({ src, host, ports }: Gain): boolean {
  return (src === EVERYTHING || src === OUTSIDE) && host === EVERYTHING && isAllPorts(ports);
}

function atRule(
  gains: readonly Gain[],
  portsOf = ({ ports }: Gain): string => formatPorts(ports),
): readonly Evidence[] {
  return evidenceByPlace(
    gains,
    ({ rule }) => rule,
    (gain) => `${gain.src} to ${gain.host}:${portsOf(gain)}`,
  );
}

function defaultOpen({ old, next }: PolicyChange): readonly Evidence[] {
  const wasOpen = isDefaultOpen(old) && (old.policy.present || next.policy.sections.size === 0);
  return isDefaultOpen(next) && !wasOpen ? [sectionEvidence('acls', 'no acls or grants remain')] : [];
}

function isAnyone(src: string): boolean {
  return [EVERYTHING, OUTSIDE, MEMBERS].includes(src) || domainOfAll(src) !== undefined;
}

function isSensitiveTag(host: string): boolean {
  return host.startsWith('tag:') && isSensitiveName(host.slice('tag:'.length));
}

/** Rules with all ports, where the old rule, or one with the same source and destination, had fewer. */
function allPorts(change: PolicyChange): readonly Evidence[] {
  const narrower = new Map<string, AccessRule[]>();
  for (const rule of change.old.rules) {
    for (const { host, ports } of rule.targets) {
      if (ports.length > 0 && !isAllPorts(ports)) append(narrower, host, rule);
    }
  }
  const isWidened = ({ rule, src, host }: Gain): boolean => {
    const before = change.previous().get(rule.path);
    return (narrower.get(host) ?? []).some((other) => other === before || other.src.includes(src));
  };
  return atRule(opened(change).filter((gain) => isAllPorts(gain.ports) && isWidened(gain)));
}

function shared(change: PolicyChange): readonly Evidence[] {
  const { leaves } = change.comparison.to.resolver;
  return atRule(
    fresh(change).filter(
      ({ src }) => src === SHARED || (!src.startsWith('group:') && leaves(src).some(({ foreign }) => foreign === true)),
    ),
  );
}

function sensitivePort(change: PolicyChange): readonly Evidence[] {
  const gains = opened(change).filter(
    (gain) =>
      isBroad(gain.src) &&
      gain.host !== SELF &&
      gain.host !== INTERNET &&
      !isAllowAll(gain) &&
      tcpPortsAmong(SENSITIVE_PORTS, gain.opened).length > 0,
  );
  return atRule(gains, ({ opened: ports }) =>
    isAllPorts(ports) ? '*' : tcpPortsAmong(SENSITIVE_PORTS, ports).join(','),
  );
}

function wideSubnet(change: PolicyChange): readonly Evidence[] {
  const { from, to } = change.comparison;
  const [newRanges, oldRanges] = [rangesIn(to), rangesIn(from)];
  const isWide = (name: string, before: readonly string[]): boolean => {
    const ranges = newRanges(name);
    if (ranges.length === 0) return false;
    const index = createRangeIndex(ranges);
    const isWidened = ({ range: old }: { range: AddressRange }): boolean =>
      index.containing(old).some(({ range }) => !containsRange(old, range));
    return ranges.some(({ range }) => isHuge(range)) || before.flatMap(oldRanges).some(isWidened);
  };
  const inRules = fresh(change).filter(({ rule, src, host }) => {
    const before = change.previous().get(rule.path);
    const removed = before === undefined || before.section === 'ssh' ? [] : namesOnlyIn(before, rule);
    return isWide(src, removed) || isWide(host, removed);
  });
  const aliases = grownAliases(change).filter(({ key }) => isWide(key, [key]));
  return [...atRule(inRules), ...aliases.map(aliasEvidence)];
}

/** Cached, because many rules may name one long group. */
function rangesIn({ resolver }: Side): (name: string) => readonly { readonly range: AddressRange }[] {
  return memoize((name: string) =>
    resolver.leaves(name).flatMap(({ range }) => (range === undefined ? [] : [{ range }])),
  );
}

/** Maximum names of a rule that are compared with its old version. */
const MAX_NAMES = 50;

/** Names of the old version that the rule no longer has. */
function namesOnlyIn(before: AccessRule, rule: AccessRule): readonly string[] {
  const names = ({ src, targets }: AccessRule): readonly string[] => [
    ...src.slice(0, MAX_NAMES),
    ...targets.slice(0, MAX_NAMES).map(({ host }) => host),
  ];
  const kept = names(rule);
  return names(before).filter((name) => !kept.includes(name));
}

function privilegedCapability({ capabilities }: PolicyChange): readonly Evidence[] {
  return evidenceByPlace(
    capabilities.filter(({ privileges, cause }) => cause === 'rule' && privileges.length > 0),
    ({ rule }) => rule,
    ({ src, host, capability, privileges }) => `${src} to ${host}: ${capability} ${privileges.join(' ')}`,
  );
}

export const ACCESS_FINDINGS: readonly FindingRule[] = [
  finding('ACL-ALLOW-ALL', 'high', 'counted', 'Rule that allows all traffic added', (change) =>
    atRule(opened(change).filter(isAllowAll)),
  ),
  finding(
    'ACL-DEFAULT-OPEN',
    'high',
    'counted',
    "No acls or grants remain: Tailscale's default allows all traffic",
    defaultOpen,
  ),
  finding('ACL-DANGER-ALL', 'high', 'counted', 'Access from outside the tailnet added', (change) =>
    atRule(fresh(change).filter(({ src }) => src === OUTSIDE)),
  ),
  finding('ACL-MEMBER-TO-PROD', 'high', 'counted', 'Production or data tag opened to everyone', (change) =>
    atRule(fresh(change).filter(({ src, host }) => isAnyone(src) && isSensitiveTag(host))),
  ),
  finding('ACL-WILD-SRC', 'medium', 'counted', 'Wildcard source added', (change) =>
    atRule(fresh(change).filter((gain) => gain.src === EVERYTHING && gain.host !== SELF && !isAllowAll(gain))),
  ),
  finding('ACL-WILD-DST', 'medium', 'counted', 'Wildcard destination added', (change) =>
    atRule(fresh(change).filter((gain) => gain.host === EVERYTHING && !isAllowAll(gain))),
  ),
  finding('ACL-ALL-PORTS', 'medium', 'new only', 'Rule ports widened to all ports', allPorts),
  finding('ACL-SHARED', 'medium', 'counted', 'Access for shared or foreign users added', shared),
  finding('ACL-INTERNET', 'medium', 'counted', 'Internet access through any exit node added', (change) =>
    atRule(fresh(change).filter(({ host, rule }) => host === INTERNET && rule.via.length === 0)),
  ),
  finding(
    'ACL-SENSITIVE-PORT',
    'medium',
    'counted',
    'Administrative or database port opened to a broad source',
    sensitivePort,
  ),
  finding('ACL-SUBNET-WIDE', 'medium', 'counted', 'Address range widened, or very wide range added', wideSubnet),
  finding('LOGSTREAM-RULE', 'info', 'counted', "Access for Tailscale's log streaming added", (change) =>
    atRule(fresh(change).filter(({ src }) => src === LOGSTREAM)),
  ),
  finding('GRANT-APP-PRIV', 'high', 'counted', 'Grant adds privileged application capability', privilegedCapability),
];
