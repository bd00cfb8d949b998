import { isIPv6 } from 'node:net';
import type { Json, JsonNode } from './hujson';
import {
  ALL_PORTS,
  formatPorts,
  MAX_RANGES,
  mergePorts,
  parseGrantPorts,
  parsePorts,
  protocolName,
  type PortRange,
} from './ports';
import type { RuleSection } from './sections';

export type JsonObject = Readonly<Record<string, Json>>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value in which neither the order of keys nor that of array members shows: equal meaning gives equal `JSON.stringify`. */
export function canonicalJson(node: JsonNode): Json {
  return canonical(node).value;
}

interface Canonical {
  readonly value: Json;
  /** Equal values have equal texts. Made of the members' texts: printing each level anew would take its depth times as long. */
  readonly text: string;
}

function canonical(node: JsonNode): Canonical {
  if (node.kind === 'scalar') return { value: node.value, text: JSON.stringify(node.value) };
  if (node.kind === 'array') {
    const items = node.items.map(canonical).sort((a, b) => compare(a.text, b.text));
    return { value: items.map(({ value }) => value), text: `[${items.map(({ text }) => text).join()}]` };
  }
  const members = [...node.members]
    .sort(([a], [b]) => compare(a, b))
    .map(([key, member]) => [key, canonical(member)] as const);
  return {
    value: Object.fromEntries(members.map(([key, { value }]) => [key, value])),
    text: `{${members.map(([key, { text }]) => `${JSON.stringify(key)}:${text}`).join()}}`,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Each thing in a list once, as text, sorted. A single value counts as a list of one. */
export function stringList(node: JsonNode | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.kind === 'array') return uniqueSorted(node.items.map(textOf));
  return node.kind === 'scalar' && node.value === null ? [] : [textOf(node)];
}

export function uniqueSorted(items: Iterable<string>): readonly string[] {
  return [...new Set(items)].sort();
}

/** Strings of a canonical list; anything else has none. */
export function strings(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item: Json) => typeof item === 'string') : [];
}

/** `autogroup:members` is an older name of `autogroup:member`; mail addresses compare without case. */
export function canonicalName(name: string): string {
  if (name === 'autogroup:members') return 'autogroup:member';
  return name.includes('@') && !name.includes(':') ? name.toLowerCase() : name;
}

const FIELD_NAMES = [
  'action',
  'proto',
  'src',
  'dst',
  'ip',
  'app',
  'via',
  'srcPosture',
  'users',
  'checkPeriod',
  'acceptEnv',
  'recorder',
  'enforceRecorder',
  'target',
  'attr',
  'ipPool',
  'accept',
  'deny',
  'check',
  'srcPostureAttrs',
] as const;
const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map(FIELD_NAMES.map((name) => [name.toLowerCase(), name]));
/** How fields were called before `src` and `dst`. */
const LEGACY: Readonly<Record<RuleSection, ReadonlyMap<string, string>>> = {
  acls: new Map([
    ['users', 'src'],
    ['ports', 'dst'],
  ]),
  grants: new Map(),
  ssh: new Map(),
  nodeAttrs: new Map(),
  tests: new Map([
    ['user', 'src'],
    ['allow', 'accept'],
  ]),
  sshTests: new Map(),
};
const LISTS: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'ip',
  'via',
  'srcPosture',
  'users',
  'acceptEnv',
  'recorder',
  'target',
  'attr',
  'ipPool',
  'accept',
  'deny',
  'check',
]);
/** Not left out when empty: it replaces the default. */
const SAYS_SOMETHING_EMPTY = 'srcPosture';

/** A rule in one spelling: current field names, sorted lists, hosts with their ports merged. What is not an object stays as it is. */
export function canonicalRule(section: RuleSection, node: JsonNode): Json {
  if (node.kind !== 'object') return canonicalJson(node);
  const fields = new Map<string, Json>();
  for (const [written, member] of node.members) {
    const lower = written.toLowerCase();
    const legacy = LEGACY[section].get(lower);
    const name = legacy ?? BY_LOWER_CASE.get(lower) ?? written;
    if (legacy !== undefined && fields.has(name)) continue;
    const value = canonicalField(section, name, member);
    if (!saysNothing(name, value)) fields.set(name, value);
  }
  return objectOf([...fields]);
}

function canonicalField(section: RuleSection, name: string, node: JsonNode): Json {
  if (LISTS.has(name)) {
    const list = stringList(node);
    const hasPorts =
      (section === 'acls' && name === 'dst') || (section === 'tests' && (name === 'accept' || name === 'deny'));
    if (hasPorts) return mergeTargets(list);
    if (section === 'grants' && name === 'ip')
      return uniqueSorted(list.map((entry) => withRanges(parseGrantPorts(entry), entry)));
    return uniqueSorted(list.map(canonicalName));
  }
  const value = canonicalJson(node);
  if (name === 'action' && typeof value === 'string') return value.toLowerCase();
  if (name === 'proto') return protocolName(textOf(node));
  return value;
}

function saysNothing(name: string, value: Json): boolean {
  if (value === null || (name === 'proto' && value === '') || (name === 'enforceRecorder' && value === false))
    return true;
  return (
    name !== SAYS_SOMETHING_EMPTY &&
    BY_LOWER_CASE.has(name.toLowerCase()) &&
    (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0)
  );
}

/** `host:ports`, split at the last colon; null ports where none are named. IPv6 addresses may stand in brackets. */
export function splitTarget(target: string): { readonly host: string; readonly ports: readonly PortRange[] | null } {
  const colon = target.lastIndexOf(':');
  const ports = colon === -1 ? undefined : parsePorts(target.slice(colon + 1));
  const host = canonicalName(unbracket(target.slice(0, colon)));
  if (ports === undefined || (isIPv6(target) && !isIPv6(host)))
    return { host: canonicalName(unbracket(target)), ports: null };
  return { host, ports };
}

function unbracket(host: string): string {
  return host.replace(/^\[(.*)\](\/\d+)?$/, '$1$2');
}

/** One entry for each host, with all its ports; as they are when those are too many. */
function mergeTargets(targets: readonly string[]): readonly string[] {
  const byHost = new Map<string, PortRange[]>();
  for (const { host, ports } of targets.map(splitTarget)) {
    const known = byHost.get(host);
    if (known === undefined) byHost.set(host, [...(ports ?? [])]);
    else known.push(...(ports ?? []));
  }
  const merged = [...byHost].map(([host, ports]) => ({ host, ports: mergePorts(ports) }));
  if (merged.some(({ ports }) => ports.length > MAX_RANGES)) return targets;
  return uniqueSorted(merged.map(({ host, ports }) => (ports.length === 0 ? host : `${host}:${formatPorts(ports)}`)));
}

/** The hosts of an acl's canonical `dst`. Without ports it names them all: Tailscale itself refuses such a file. */
export function readTarget(
  target: string,
  proto: string,
): { readonly host: string; readonly ports: readonly PortRange[] } {
  const { host, ports } = splitTarget(target);
  return { host, ports: (ports ?? ALL_PORTS).map((range) => ({ ...range, proto })) };
}

function withRanges(ranges: readonly PortRange[] | undefined, text: string): string {
  return ranges === undefined ? text : formatPorts(ranges);
}

function textOf(node: JsonNode): string {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
  return JSON.stringify(canonicalJson(node));
}

/** Own properties with sorted keys, `__proto__` among them. */
export function objectOf(entries: readonly (readonly [string, Json])[]): JsonObject {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
