import {
  createRangeIndex,
  mergeRanges,
  parseAddressRange,
  rangeKey,
  subtractRanges,
  type AddressRange,
} from '../parse/address';
import { canonicalName } from '../parse/canonical';
import { append, memoize } from '../parse/collections';
import type { Aliases } from '../parse/model';
import type { Budget } from './budget';

/** One person, device, address range or autogroup to which a name resolves. */
export interface Leaf {
  /** Equal leaves have equal keys. */
  readonly key: string;
  readonly kind: 'everything' | 'outside' | 'autogroup' | 'domain' | 'user' | 'tag' | 'range' | 'name';
  /** The addresses of a `range`. */
  readonly range?: AddressRange;
  /** Of a domain or user that is not the tailnet's own. */
  readonly foreign?: boolean;
}

export interface Resolver {
  /** The distinct leaves of a source, destination, owner or approver. An unknown name is a leaf itself. */
  readonly leaves: (name: string) => readonly Leaf[];
}

/** Every device and approved subnet, and shared users. */
export const EVERYTHING = '*';
/** Everyone, also outside the tailnet. */
export const OUTSIDE = 'autogroup:danger-all';
export const MEMBERS = 'autogroup:member';
export const TAGGED = 'autogroup:tagged';
export const SHARED = 'autogroup:shared';
export const SELF = 'autogroup:self';
export const INTERNET = 'autogroup:internet';

/** The sender of private log streaming: Tailscale, not a foreign user. */
export const LOGSTREAM = 'logstream@tailscale';

/** Maximum pieces of one range; a range with more is compared as a whole. */
const MAX_PIECES = 256;

/** Maximum nesting of aliases; Tailscale allows far less. */
const MAX_ALIAS_DEPTH = 50;

const ROLES: ReadonlySet<string> = new Set(
  ['admin', 'owner', 'it-admin', 'network-admin', 'billing-admin', 'auditor'].map((role) => `autogroup:${role}`),
);

/** `user:*@example.com`: every user of a domain. */
export function domainOfAll(name: string): string | undefined {
  return /^user:\*@(.+)$/.exec(name)?.[1]?.toLowerCase();
}

/** The part after the @ of a login name. */
function domainOfUser(name: string): string | undefined {
  return name === LOGSTREAM || /[:/]/.test(name) ? undefined : /^.+@([^@]+)$/.exec(name)?.[1]?.toLowerCase();
}

/** The domain of a user, or of every user of a domain. */
export function domainOf(name: string): string | undefined {
  return domainOfUser(name) ?? domainOfAll(name);
}

/** Whether a source is everyone, or everyone of a kind or domain. */
export function isBroad(name: string): boolean {
  return [EVERYTHING, OUTSIDE, MEMBERS, TAGGED, SHARED].includes(name) || domainOfAll(name) !== undefined;
}

/**
 * @param isForeign Whether a domain is not the tailnet's own.
 * @param budget Once it is spent, a name that is not resolved yet is a leaf itself.
 */
export function createResolver(aliases: Aliases, isForeign: (domain: string) => boolean, budget: Budget): Resolver {
  const known = new Map<string, readonly Leaf[]>();
  let depth = 0;

  function leaves(name: string): readonly Leaf[] {
    const before = known.get(name);
    if (before !== undefined) return before;
    // An alias that contains itself adds nothing.
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

/** Keys of the leaves that contain a leaf, address ranges aside. */
function containers(leaf: Leaf): readonly string[] {
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

/** Finds, among some names, those that contain a leaf. */
export interface Coverage {
  readonly covering: (leaf: Leaf) => readonly string[];
  /** Of these, the names that resolve to the leaf itself, not only to something wider. */
  readonly naming: (leaf: Leaf) => readonly string[];
  /** The leaf split so that each name contains a piece wholly or not at all. */
  readonly pieces: (leaf: Leaf) => readonly Leaf[];
}

/**
 * @param names Sources, destinations, owners or approvers that one side uses.
 * @param budget Once it is spent, the answers are incomplete.
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
  return {
    covering: memoize((leaf: Leaf) => {
      const { range } = leaf;
      const wider = range === undefined ? [] : index.containing(range).map(({ name }) => name);
      budget.spend(1 + wider.length);
      return [...new Set([...containers(leaf).flatMap((key) => byKey.get(key) ?? []), ...wider])];
    }, keyOfLeaf),
    naming: ({ key }) => byKey.get(key) ?? [],
    pieces({ range, ...leaf }) {
      if (range === undefined) return [leaf];
      const pieces = index.pieces(range, MAX_PIECES);
      budget.spend(pieces.length);
      return pieces.map(rangeLeaf);
    },
  };
}

/** Finds what is stored under the names that contain a leaf. */
export interface Lookup<Value> {
  readonly covering: (leaf: Leaf) => ReadonlySet<Value>;
  readonly naming: (leaf: Leaf) => ReadonlySet<Value>;
  readonly pieces: (leaf: Leaf) => readonly Leaf[];
}

/** @param budget Once it is spent, the answers are incomplete. */
export function createLookup<Value>(
  byName: ReadonlyMap<string, readonly Value[]>,
  resolver: Resolver,
  budget: Budget,
): Lookup<Value> {
  const coverage = createCoverage(byName.keys(), resolver, budget);
  const valuesOf = (namesOf: (leaf: Leaf) => readonly string[]): ((leaf: Leaf) => ReadonlySet<Value>) =>
    memoize((leaf) => {
      const found = new Set(namesOf(leaf).flatMap((name) => byName.get(name) ?? []));
      budget.spend(found.size);
      return found;
    }, keyOfLeaf);
  return { covering: valuesOf(coverage.covering), naming: valuesOf(coverage.naming), pieces: coverage.pieces };
}

function keyOfLeaf({ key }: Leaf): string {
  return key;
}
