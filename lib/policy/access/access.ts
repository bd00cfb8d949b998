import type { Budget } from './budget';
import type { AccessRule } from '../parse/model';
import { append } from '../parse/collections';
import { mergePorts, subtractPorts, type PortRange } from '../parse/ports';
import { isAsStrict } from './posture';
import { createCoverage, type Leaf } from './selector';
import { gateOf, type Comparison, type Side } from './side';

/** Access of one source to one destination of a rule that the other side did not give. */
export interface Gain {
  readonly rule: AccessRule;
  /** `rule`: it is new or was changed. `alias`: it is the same, and what it names, or the posture it asks for, is not. */
  readonly cause: 'rule' | 'alias';
  readonly src: string;
  readonly host: string;
  /** All ports that the rule gives. */
  readonly ports: readonly PortRange[];
  /** Those that could not be reached before, under no condition. */
  readonly opened: readonly PortRange[];
  /** No rule named this source with this destination before, on any port. */
  readonly isFresh: boolean;
  /** Reached before, but only by devices of a stricter posture. */
  readonly lostPosture: boolean;
  /** Reached before, but only through named routers. */
  readonly lostVia: boolean;
}

interface Match {
  readonly rule: AccessRule;
  readonly host: string;
  readonly ports: readonly PortRange[];
}

/** Finds the rules of one side that give a source a way to a destination. */
export interface AccessIndex {
  readonly matches: (source: Leaf, host: Leaf) => readonly Match[];
  /** Whether one of some matches names the source and the destination themselves, with any port, and not only something wider. */
  readonly isNamed: (source: Leaf, host: Leaf, matches: readonly Match[]) => boolean;
  /** Sources, and destinations, in pieces for each of which one answer of `matches` holds wholly. */
  readonly pieces: {
    readonly sources: (leaves: readonly Leaf[]) => readonly Leaf[];
    readonly hosts: (leaves: readonly Leaf[]) => readonly Leaf[];
  };
}

export function createAccessIndex({ model, resolver }: Side, budget: Budget): AccessIndex {
  const bySource = new Map<string, AccessRule[]>();
  const byHost = new Map<string, Match[]>();
  for (const rule of model.rules) {
    for (const name of rule.src) append(bySource, name, rule);
    for (const { host, ports } of rule.targets) append(byHost, host, { rule, host, ports });
  }
  const sources = createCoverage(bySource.keys(), resolver, budget);
  const hosts = createCoverage(byHost.keys(), resolver, budget);
  const rulesOf = new Map<string, ReadonlySet<AccessRule>>();
  const matchesOf = new Map<string, readonly Match[]>();
  const namingSource = new Map<string, ReadonlySet<AccessRule>>();
  const namingHost = new Map<string, ReadonlySet<string>>();
  return {
    isNamed(source, host, matches) {
      const rules = remember(
        namingSource,
        source.key,
        () => new Set(sources.naming(source).flatMap((name) => bySource.get(name) ?? [])),
      );
      const names = remember(namingHost, host.key, () => new Set(hosts.naming(host)));
      return matches.some((match) => match.ports.length > 0 && names.has(match.host) && rules.has(match.rule));
    },
    matches(source, host) {
      const rules = remember(
        rulesOf,
        source.key,
        () => new Set(sources.covering(source).flatMap((name) => bySource.get(name) ?? [])),
      );
      const matches = remember(matchesOf, host.key, () =>
        hosts.covering(host).flatMap((name) => byHost.get(name) ?? []),
      );
      budget.spend(1 + matches.length);
      return matches.filter(({ rule }) => rules.has(rule));
    },
    pieces: {
      sources: oncePerList((leaves) => leaves.flatMap(sources.pieces)),
      hosts: oncePerList((leaves) => leaves.flatMap(hosts.pieces)),
    },
  };

  function remember<Value extends Iterable<unknown>>(cache: Map<string, Value>, key: string, find: () => Value): Value {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const found = find();
    budget.spend([...found].length);
    cache.set(key, found);
    return found;
  }
}

/** A resolver answers the same list for the same name, and a group's may be long. */
function oncePerList(cut: (leaves: readonly Leaf[]) => readonly Leaf[]): (leaves: readonly Leaf[]) => readonly Leaf[] {
  const known = new WeakMap<readonly Leaf[], readonly Leaf[]>();
  return (leaves) => {
    const found = known.get(leaves) ?? (leaves.some(({ range }) => range !== undefined) ? cut(leaves) : leaves);
    known.set(leaves, found);
    return found;
  };
}

/** What acls and grants give on `to` that they did not give on `from`. Ends early when the budget is spent. */
export function* accessGains(comparison: Comparison, before: AccessIndex): Generator<Gain, void, void> {
  for (const rule of comparison.to.model.rules) {
    const pairs = pairsToCheck(comparison, rule, before);
    for (const { src, sources, host, hosts, ports } of pairs) {
      if (comparison.budget.isSpent()) return;
      const found = compareReach(comparison, before, rule, ports, sources, hosts);
      if (found !== undefined)
        yield { rule, cause: comparison.isSameRule(rule, 'access') ? 'alias' : 'rule', src, host, ports, ...found };
    }
  }
}

interface NamePair {
  readonly src: string;
  readonly host: string;
  readonly ports: readonly PortRange[];
  readonly sources: readonly Leaf[];
  readonly hosts: readonly Leaf[];
}

/** Of a rule that both sides have, only what its names newly stand for can have changed. */
export function* pairsToCheck(
  { to, budget, isSameRule, isGateLooser, newLeaves }: Comparison,
  rule: AccessRule,
  before: AccessIndex,
): Generator<NamePair, void, void> {
  const { leaves } = to.resolver;
  const wholly = !isSameRule(rule, 'access') || isGateLooser(rule);
  for (const src of rule.src) {
    for (const { host, ports } of rule.targets) {
      budget.spend(1);
      if (budget.isSpent()) return;
      const pair = (sources: readonly Leaf[], hosts: readonly Leaf[]): NamePair => ({
        src,
        host,
        ports,
        sources: before.pieces.sources(sources),
        hosts: before.pieces.hosts(hosts),
      });
      if (wholly) yield pair(leaves(src), leaves(host));
      else {
        if (newLeaves(src).length > 0) yield pair(newLeaves(src), leaves(host));
        if (newLeaves(host).length > 0) yield pair(leaves(src), newLeaves(host));
      }
    }
  }
}

function compareReach(
  { from, to, budget }: Comparison,
  before: AccessIndex,
  rule: AccessRule,
  ports: readonly PortRange[],
  sources: readonly Leaf[],
  hosts: readonly Leaf[],
): Pick<Gain, 'opened' | 'isFresh' | 'lostPosture' | 'lostVia'> | undefined {
  if (ports.length === 0) return undefined;
  const gate = gateOf(to, rule.posture);
  let opened: readonly PortRange[] = [];
  let [isFresh, lostPosture, lostVia] = [false, false, false];
  search: for (const source of sources) {
    for (const host of hosts) {
      // No further pair can tell more.
      if (budget.isSpent() || (opened === ports && isFresh)) break search;
      const matches = before.matches(source, host);
      const missing = subtract(ports, matches);
      if (missing.length > 0) {
        opened = missing === ports || opened === ports ? ports : mergePorts([...opened, ...missing]);
        isFresh ||= !before.isNamed(source, host, matches);
        continue;
      }
      const sameGate = matches.filter((match) => isAsStrict(gate, gateOf(from, match.rule.posture)));
      const sameRoute = matches.filter((match) => isAsNarrow(rule.via, match.rule.via));
      if (
        subtract(
          ports,
          sameGate.filter((match) => sameRoute.includes(match)),
        ).length === 0
      )
        continue;
      const [byPosture, byVia] = [subtract(ports, sameGate).length > 0, subtract(ports, sameRoute).length > 0];
      lostPosture ||= byPosture || !byVia;
      lostVia ||= byVia || !byPosture;
    }
  }
  return opened.length > 0 || lostPosture || lostVia ? { opened, isFresh, lostPosture, lostVia } : undefined;
}

function subtract(ports: readonly PortRange[], matches: readonly Match[]): readonly PortRange[] {
  let left = ports;
  for (const match of matches) {
    if (left.length === 0) break;
    if (match.ports.length > 0) left = subtractPorts(left, match.ports);
  }
  return left;
}

/** Without `via` any router will do. */
export function isAsNarrow(via: readonly string[], before: readonly string[]): boolean {
  return before.length === 0 || (via.length > 0 && via.every((name) => before.includes(name)));
}
