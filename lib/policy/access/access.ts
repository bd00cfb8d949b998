import { append, memoizeByObject } from '../parse/collections';
import type { AccessRule } from '../parse/model';
import { mergePorts, subtractPorts, type PortRange } from '../parse/ports';
import type { Budget } from './budget';
import { isAsStrict } from './posture';
import { createLookup, type Leaf, type Lookup } from './selector';
import { conditionsOf, type Comparison, type Side } from './side';

/** Access that a rule gives from a source to a destination and that the other side did not give. */
export interface Gain {
  readonly rule: AccessRule;
  /** `rule`: the rule is new or changed. `alias`: the rule is the same; a name in it, or its posture, allows more. */
  readonly cause: 'rule' | 'alias';
  readonly src: string;
  readonly host: string;
  /** All ports of the rule for this destination. */
  readonly ports: readonly PortRange[];
  /** Those that the other side did not allow at all. */
  readonly opened: readonly PortRange[];
  /** No rule of the other side named this source with this destination, on any port. */
  readonly isFresh: boolean;
  /** The other side allowed it only for devices of a stricter posture. */
  readonly lostPosture: boolean;
  /** The other side allowed it only through `via` routers. */
  readonly lostVia: boolean;
}

interface Match {
  readonly rule: AccessRule;
  readonly ports: readonly PortRange[];
}

/** Finds the rules of one side that allow a source to reach a destination. */
export interface AccessIndex {
  readonly matches: (source: Leaf, host: Leaf) => readonly Match[];
  /** Whether one of the matches names the source and the destination themselves, not only something wider. */
  readonly isNamed: (source: Leaf, host: Leaf, matches: readonly Match[]) => boolean;
  /** Leaves split so that `matches` gives one answer for the whole of each piece. */
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
    for (const { host, ports } of rule.targets) append(byHost, host, { rule, ports });
  }
  const sources = createLookup(bySource, resolver, budget);
  const hosts = createLookup(byHost, resolver, budget);
  return {
    isNamed: (source, host, matches) =>
      matches.some(
        (match) => match.ports.length > 0 && hosts.naming(host).has(match) && sources.naming(source).has(match.rule),
      ),
    matches(source, host) {
      const [rules, matches] = [sources.covering(source), hosts.covering(host)];
      budget.spend(1 + matches.size);
      return [...matches].filter(({ rule }) => rules.has(rule));
    },
    pieces: { sources: piecesOf(sources), hosts: piecesOf(hosts) },
  };
}

/** Cached by list: a resolver returns the same list for the same name, and a group's list may be long. */
function piecesOf({ pieces }: Lookup<unknown>): (leaves: readonly Leaf[]) => readonly Leaf[] {
  return memoizeByObject((leaves: readonly Leaf[]) =>
    leaves.some(({ range }) => range !== undefined) ? leaves.flatMap(pieces) : leaves,
  );
}

/** Access that acls and grants of `to` give and those of `from` did not. Ends early when the budget is spent. */
export function* accessGains(comparison: Comparison, before: AccessIndex): Generator<Gain> {
  for (const rule of comparison.to.model.rules) {
    const cause = comparison.isSameRule(rule, 'access') ? 'alias' : 'rule';
    for (const { src, sources, host, hosts, ports } of pairsToCheck(comparison, rule, before)) {
      if (comparison.budget.isSpent()) return;
      const found = compareReach(comparison, before, rule, ports, sources, hosts);
      if (found !== undefined) yield { rule, cause, src, host, ports, ...found };
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

/** Pairs of source and destination of a rule. For a rule that both sides have, only pairs with leaves that are new in a name. */
export function* pairsToCheck(
  { to, budget, isSameRule, isPostureLooser, newLeaves }: Comparison,
  rule: AccessRule,
  before: AccessIndex,
): Generator<NamePair> {
  const { leaves } = to.resolver;
  const isWhole = !isSameRule(rule, 'access') || isPostureLooser(rule);
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
      if (isWhole) yield pair(leaves(src), leaves(host));
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
  const posture = conditionsOf(to, rule.posture);
  let opened: readonly PortRange[] = [];
  let [isFresh, lostPosture, lostVia] = [false, false, false];
  search: for (const source of sources) {
    for (const host of hosts) {
      // Further pairs cannot add to the result.
      if (budget.isSpent() || (opened === ports && isFresh)) break search;
      const matches = before.matches(source, host);
      const missing = subtract(ports, matches);
      if (missing.length > 0) {
        opened = missing === ports || opened === ports ? ports : mergePorts([...opened, ...missing]);
        isFresh ||= !before.isNamed(source, host, matches);
        continue;
      }
      const samePosture = matches.filter((match) => isAsStrict(posture, conditionsOf(from, match.rule.posture)));
      const sameRoute = matches.filter((match) => isAsNarrow(rule.via, match.rule.via));
      const sameBoth = samePosture.filter((match) => sameRoute.includes(match));
      if (subtract(ports, sameBoth).length === 0) continue;
      const [byPosture, byVia] = [subtract(ports, samePosture).length > 0, subtract(ports, sameRoute).length > 0];
      lostPosture ||= byPosture || !byVia;
      lostVia ||= byVia || !byPosture;
    }
  }
  return opened.length > 0 || lostPosture || lostVia ? { opened, isFresh, lostPosture, lostVia } : undefined;
}

/** The ports without those of the matches. */
function subtract(ports: readonly PortRange[], matches: readonly Match[]): readonly PortRange[] {
  let left = ports;
  for (const match of matches) {
    if (left.length === 0) break;
    if (match.ports.length > 0) left = subtractPorts(left, match.ports);
  }
  return left;
}

/** Whether `via` allows no router that `before` did not. An empty `via` allows every router. */
export function isAsNarrow(via: readonly string[], before: readonly string[]): boolean {
  return before.length === 0 || (via.length > 0 && via.every((name) => before.includes(name)));
}
