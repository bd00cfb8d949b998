import {
  createRangeIndex,
  mergeRanges,
  parseAddressRange,
  rangeKey,
  subtractRanges,
  type AddressRange,
} from '../parse/address';
import type { Budget } from './budget';
import { canonicalName } from '../parse/canonical';
import { append } from '../parse/collections';

/** One thing that a source, destination, owner or approver stands for, once aliases are resolved. */
export interface Leaf {
  /** Equal leaves have equal keys. */
  readonly key: string;
  readonly kind: 'everything' | 'outside' | 'autogroup' | 'domain' | 'user' | 'tag' | 'range' | 'name';
  /** The addresses of a `range`. */
  readonly range?: AddressRange;
  /** Of a domain or user that is not the tailnet's own. */
  readonly foreign?: boolean;
}

/** The names that a policy gives to people and addresses: key to members. */
export interface Aliases {
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly ipsets: ReadonlyMap<string, readonly string[]>;
}

/** Resolves what a policy names. */
export interface Resolver {
  /** Distinct leaves of a source, destination, owner or approver. A name that stands for nothing known is a leaf itself. */
  readonly leaves: (name: string) => readonly Leaf[];
}

/** Stands for every device and approved subnet; shared users are in it too. */
export const EVERYTHING = '*';
/** Also who is outside the tailnet. */
export const OUTSIDE = 'autogroup:danger-all';
export const MEMBERS = 'autogroup:member';
export const TAGGED = 'autogroup:tagged';
export const SHARED = 'autogroup:shared';
export const SELF = 'autogroup:self';
export const INTERNET = 'autogroup:internet';

/** The sender of private log streaming; belongs to Tailscale, not to a foreign user. */
export const LOGSTREAM = 'logstream@tailscale';

/** Pieces of one range; with more of them it is compared as a whole. */
const MAX_PIECES = 256;

/** Aliases within aliases; Tailscale allows far fewer. */
const MAX_ALIAS_DEPTH = 50;

const ROLES: ReadonlySet<string> = new Set(
  ['admin', 'owner', 'it-admin', 'network-admin', 'billing-admin', 'auditor'].map((role) => `autogroup:${role}`),
);

/** `user:*@example.com`: every user of a domain. */
export function domainOfAll(name: string): string | undefined {
  return /^user:\*@(.+)$/.exec(name)?.[1]?.toLowerCase();
}

/** The part after the @ of a login name. */
export function domainOfUser(name: string): string | undefined {
  return name === LOGSTREAM || /[:/]/.test(name) ? undefined : /^.+@([^@]+)$/.exec(name)?.[1]?.toLowerCase();
}

/** A source that lets in far more people or devices than are named. */
export function isBroad(name: string): boolean {
  return [EVERYTHING, OUTSIDE, MEMBERS, TAGGED, SHARED].includes(name) || domainOfAll(name) !== undefined;
}

/**
 * @param isForeign Whether a domain is not the tailnet's own.
 * @param budget Once it is used up, what was not resolved before stands for itself.
 */
export function createResolver(aliases: Aliases, isForeign: (domain: string) => boolean, budget: Budget): Resolver {
  const known = new Map<string, readonly Leaf[]>();
  let depth = 0;

  function leaves(name: string): readonly Leaf[] {
    const before = known.get(name);
    if (before !== undefined) return before;
    // An alias that leads back to itself stands for nothing more.
    known.set(name, []);
    depth += 1;
    const found =
      depth > MAX_ALIAS_DEPTH || budget.isSpent() ? [plainLeaf(name)] : distinct(resolve(canonicalName(name)));
    budget.spend(found.length - 1);
    depth -= 1;
    known.set(name, found);
    return found;
  }

  function resolve(name: string): readonly Leaf[] {
    const group = aliases.groups.get(name);
    if (group !== undefined) return group.flatMap(leaves);
    const ipset = aliases.ipsets.get(name);
    if (ipset !== undefined) return ipsetLeaves(ipset);
    const host = name.startsWith('tag:') ? undefined : aliases.hosts.get(name);
    if (host !== undefined)
      return host.flatMap((address) => (address === name ? [plainLeaf(address)] : leaves(address)));
    return [plainLeaf(name)];
  }

  /** Entries begin with `add` (or nothing) or `remove`. */
  function ipsetLeaves(entries: readonly string[]): readonly Leaf[] {
    const parts = entries.map((entry) => /^(?:(add|remove)\s+)?(.*)$/.exec(entry.trim()) ?? []);
    const [removed, added] = [true, false].map((wanted) =>
      parts.filter(([, word]) => (word === 'remove') === wanted).flatMap(([, , target = '']) => leaves(target)),
    );
    const holes = (removed ?? []).flatMap(({ range }) => range ?? []);
    const ranges = (added ?? []).flatMap(({ range }) => range ?? []);
    return [
      ...subtractRanges(mergeRanges(ranges), mergeRanges(holes)).map(rangeLeaf),
      ...(added ?? []).filter(({ range }) => range === undefined),
    ];
  }

  function plainLeaf(name: string): Leaf {
    if (name === EVERYTHING) return { key: name, kind: 'everything' };
    if (name === OUTSIDE) return { key: name, kind: 'outside' };
    if (name.startsWith('autogroup:')) return { key: name, kind: 'autogroup' };
    if (name.startsWith('tag:')) return { key: name, kind: 'tag' };
    const all = domainOfAll(name);
    if (all !== undefined) return { key: `user:*@${all}`, kind: 'domain', foreign: isForeign(all) };
    const domain = domainOfUser(name);
    if (domain !== undefined) return { key: name, kind: 'user', foreign: isForeign(domain) };
    const range = parseAddressRange(name);
    return range === undefined ? { key: name, kind: 'name' } : rangeLeaf(range);
  }

  return { leaves };
}

function rangeLeaf(range: AddressRange): Leaf {
  return { key: rangeKey(range), kind: 'range', range };
}

function distinct(leaves: readonly Leaf[]): readonly Leaf[] {
  return leaves.length < 2 ? leaves : [...new Map(leaves.map((leaf) => [leaf.key, leaf])).values()];
}

/** Keys of everything that holds the leaf, but for address ranges. */
function holders(leaf: Leaf): readonly string[] {
  if (leaf.kind === 'outside') return [leaf.key];
  return [leaf.key, EVERYTHING, OUTSIDE, ...autogroups(leaf)];
}

function autogroups(leaf: Leaf): readonly string[] {
  if (leaf.kind === 'tag') return [TAGGED];
  if (leaf.kind === 'user' && leaf.foreign !== true) return [MEMBERS, `user:*@${domainOfUser(leaf.key) ?? ''}`];
  if (leaf.kind === 'user') return [`user:*@${domainOfUser(leaf.key) ?? ''}`];
  const isMember =
    (leaf.kind === 'domain' && leaf.foreign !== true) ||
    ROLES.has(leaf.key) ||
    leaf.key.startsWith('group:') ||
    leaf.key === SELF;
  return isMember ? [MEMBERS] : [];
}

/** Says which of some names hold a leaf. */
export interface Coverage {
  readonly covering: (leaf: Leaf) => readonly string[];
  /** Of those, the names that stand for the leaf itself and not only for something wider. */
  readonly naming: (leaf: Leaf) => readonly string[];
  /** The leaf in pieces that the names hold wholly or not at all: what is one range here may be several there. */
  readonly pieces: (leaf: Leaf) => readonly Leaf[];
}

/**
 * @param names Sources, destinations, owners or approvers that one side uses.
 * @param budget Once it is used up, the answers are incomplete.
 */
export function createCoverage(names: Iterable<string>, resolver: Resolver, budget: Budget): Coverage {
  const byKey = new Map<string, string[]>();
  const ranges: { readonly range: AddressRange; readonly name: string }[] = [];
  for (const name of new Set(names)) {
    for (const { key, range } of resolver.leaves(name)) {
      if (range !== undefined) ranges.push({ range, name });
      append(byKey, key, name);
    }
  }
  const index = createRangeIndex(ranges);
  const known = new Map<string, readonly string[]>();
  return {
    covering(leaf) {
      const before = known.get(leaf.key);
      if (before !== undefined) return before;
      const { range } = leaf;
      const wider = range === undefined ? [] : index.containing(range).map(({ name }) => name);
      budget.spend(1 + wider.length);
      const found = [...new Set([...holders(leaf).flatMap((key) => byKey.get(key) ?? []), ...wider])];
      known.set(leaf.key, found);
      return found;
    },
    naming: ({ key }) => byKey.get(key) ?? [],
    pieces({ range, ...leaf }) {
      if (range === undefined) return [leaf];
      const pieces = index.pieces(range, MAX_PIECES);
      budget.spend(pieces.length);
      return pieces.map(rangeLeaf);
    },
  };
}
