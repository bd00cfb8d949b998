import type { Gain } from '../access/access';
import { containsRange, createRangeIndex, isHuge, type AddressRange } from '../parse/address';
import { isDefaultOpen, type AccessRule } from '../parse/model';
import { append } from '../parse/collections';
import { formatPorts, isAllPorts, tcpPortsAmong } from '../parse/ports';
import type { PolicyChange } from '../compare/policy-change';
import { EVERYTHING, INTERNET, isBroad, LOGSTREAM, MEMBERS, OUTSIDE, SELF, SHARED, domainOfAll } from '../access/selector';
import { aliasEvidence, grownAliases } from './aliases';
import type { Side } from '../access/side';
import { byPlace, type Evidence, type FindingRule } from './finding';
import { isSensitiveName } from './names';

/** SSH, RDP, WinRM, SMB, Kubernetes, etcd, PostgreSQL, MySQL, MongoDB, Redis. */
const SENSITIVE_PORTS = [22, 3389, 5985, 445, 6443, 2379, 5432, 3306, 27017, 6379];

/** Access that a rule, not a grown alias, opened. */
export function opened({ access }: PolicyChange): readonly Gain[] {
  return access.filter((gain) => gain.cause === 'rule' && gain.opened.length > 0);
}

/** Of those, a source and a destination that no rule named together before. */
function fresh(change: PolicyChange): readonly Gain[] {
  return opened(change).filter((gain) => gain.isFresh);
}

function isAllowAll({ src, host, ports }: Gain): boolean {
  return (src === EVERYTHING || src === OUTSIDE) && host === EVERYTHING && isAllPorts(ports);
}

function atRule(gains: readonly Gain[], detail: (gain: Gain) => string = sourceToHost): readonly Evidence[] {
  return byPlace(
    (gain) => gain.rule.section,
    gains,
    (gain) => gain.rule,
    detail,
  );
}

function sourceToHost({ src, host, ports }: Gain): string {
  return `${src} to ${host}:${formatPorts(ports)}`;
}

function defaultOpen({ old, next }: PolicyChange): readonly Evidence[] {
  const wasOpen = isDefaultOpen(old) && (old.policy.present || next.policy.sections.size === 0);
  return isDefaultOpen(next) && !wasOpen
    ? [
        {
          section: 'acls',
          path: 'acls',
          line: null,
          evidence: 'neither acls nor grants is left, so Tailscale allows everything',
        },
      ]
    : [];
}

function toProd(change: PolicyChange): readonly Evidence[] {
  const anyone = (src: string): boolean =>
    [EVERYTHING, OUTSIDE, MEMBERS].includes(src) || domainOfAll(src) !== undefined;
  return atRule(
    fresh(change).filter(
      ({ src, host }) => anyone(src) && host.startsWith('tag:') && isSensitiveName(host.slice('tag:'.length)),
    ),
  );
}

/** A rule that names the same destination for the same source, or that was this rule, gave fewer ports. */
function allPorts(change: PolicyChange): readonly Evidence[] {
  const narrower = new Map<string, AccessRule[]>();
  for (const rule of change.old.rules) {
    for (const { host, ports } of rule.targets) {
      if (ports.length > 0 && !isAllPorts(ports)) append(narrower, host, rule);
    }
  }
  return atRule(
    opened(change).filter(({ rule, src, host, ports }) => {
      const before = change.previous().get(rule.path);
      return (
        isAllPorts(ports) && (narrower.get(host) ?? []).some((other) => other === before || other.src.includes(src))
      );
    }),
  );
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
  return atRule(
    gains,
    ({ src, host, opened: ports }) =>
      `${src} to ${host}:${isAllPorts(ports) ? '*' : tcpPortsAmong(SENSITIVE_PORTS, ports).join(',')}`,
  );
}

function wideSubnet(change: PolicyChange): readonly Evidence[] {
  const { from, to } = change.comparison;
  const [newRanges, oldRanges] = [rangesIn(to), rangesIn(from)];
  const isWide = (name: string, before: readonly string[]): boolean => {
    const wide = newRanges(name);
    if (wide.length === 0) return false;
    const index = createRangeIndex(wide);
    const isShortened = ({ range: narrow }: { range: AddressRange }): boolean =>
      index.containing(narrow).some(({ range }) => !containsRange(narrow, range));
    return wide.some(({ range }) => isHuge(range)) || before.flatMap(oldRanges).some(isShortened);
  };
  const inRules = fresh(change).filter(({ rule, src, host }) => {
    const before = change.previous().get(rule.path);
    const gone = before === undefined || before.section === 'ssh' ? [] : namesOnlyIn(before, rule);
    return isWide(src, gone) || isWide(host, gone);
  });
  return [
    ...atRule(inRules),
    ...grownAliases(change)
      .filter(({ key }) => isWide(key, [key]))
      .map(aliasEvidence),
  ];
}

/** Each name is looked through once: many rules may name one long group. */
function rangesIn({ resolver }: Side): (name: string) => readonly { readonly range: AddressRange }[] {
  const known = new Map<string, readonly { readonly range: AddressRange }[]>();
  return (name) => {
    const found =
      known.get(name) ?? resolver.leaves(name).flatMap(({ range }) => (range === undefined ? [] : [{ range }]));
    known.set(name, found);
    return found;
  };
}

/** Names of a rule that it no longer has, the first of them. */
function namesOnlyIn(before: AccessRule, rule: AccessRule): readonly string[] {
  const names = ({ src, targets }: AccessRule): readonly string[] => [
    ...src.slice(0, MAX_GONE),
    ...targets.slice(0, MAX_GONE).map(({ host }) => host),
  ];
  const kept = names(rule);
  return names(before).filter((name) => !kept.includes(name));
}

const MAX_GONE = 50;

export const ACCESS_FINDINGS: readonly FindingRule[] = [
  {
    id: 'ACL-ALLOW-ALL',
    severity: 'high',
    standing: true,
    title: 'A rule lets everything reach everything',
    when: (change) => atRule(opened(change).filter(isAllowAll)),
  },
  {
    id: 'ACL-DEFAULT-OPEN',
    severity: 'high',
    standing: true,
    title: 'Neither acls nor grants are left: everything is allowed',
    when: defaultOpen,
  },
  {
    id: 'ACL-DANGER-ALL',
    severity: 'high',
    standing: true,
    title: 'A rule lets in sources outside the tailnet',
    when: (change) => atRule(fresh(change).filter(({ src }) => src === OUTSIDE)),
  },
  {
    id: 'ACL-MEMBER-TO-PROD',
    severity: 'high',
    standing: true,
    title: 'Everyone can reach a tag that is named like production or data',
    when: toProd,
  },
  {
    id: 'ACL-WILD-SRC',
    severity: 'medium',
    standing: true,
    title: 'A rule names every device as source',
    when: (change) =>
      atRule(fresh(change).filter((gain) => gain.src === EVERYTHING && gain.host !== SELF && !isAllowAll(gain))),
  },
  {
    id: 'ACL-WILD-DST',
    severity: 'medium',
    standing: true,
    title: 'A rule names every device as destination',
    when: (change) => atRule(fresh(change).filter((gain) => gain.host === EVERYTHING && !isAllowAll(gain))),
  },
  {
    id: 'ACL-ALL-PORTS',
    severity: 'medium',
    standing: false,
    title: 'A rule that named ports gives all of them',
    when: allPorts,
  },
  {
    id: 'ACL-SHARED',
    severity: 'medium',
    standing: true,
    title: 'A rule lets in shared or foreign users',
    when: shared,
  },
  {
    id: 'ACL-INTERNET',
    severity: 'medium',
    standing: true,
    title: 'A rule gives the internet through any exit node',
    when: (change) => atRule(fresh(change).filter(({ host, rule }) => host === INTERNET && rule.via.length === 0)),
  },
  {
    id: 'ACL-SENSITIVE-PORT',
    severity: 'medium',
    standing: true,
    title: 'An administrative or database port is open to a broad source',
    when: sensitivePort,
  },
  {
    id: 'ACL-SUBNET-WIDE',
    severity: 'medium',
    standing: true,
    title: 'An address range became wider, or is very wide',
    when: wideSubnet,
  },
  {
    id: 'LOGSTREAM-RULE',
    severity: 'info',
    standing: true,
    title: "A rule lets Tailscale's log streaming in",
    when: (change) => atRule(fresh(change).filter(({ src }) => src === LOGSTREAM)),
  },
];
