import { isIPv6 } from 'node:net';
import { isJsonObject } from '../../domain/json';
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
  return isJsonObject(value);
}

/** The value with sorted keys and sorted arrays: equal meaning gives equal `JSON.stringify`. */
export function canonicalJson(node: JsonNode): Json {
  return canonical(node).value;
}

interface Canonical {
  readonly value: Json;
  /** Made of the members' texts: printing each level again would multiply the time by the depth. */
  readonly text: string;
}

function canonical(node: JsonNode): Canonical {
  if (node.kind === 'scalar') return { value: node.value, text: JSON.stringify(node.value) };
  if (node.kind === 'array') {
    const items = node.items.map(canonical).sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
    return { value: items.map(({ value }) => value), text: `[${items.map(({ text }) => text).join()}]` };
  }
  const members = sortedByKey(node.members).map(([key, member]) => [key, canonical(member)] as const);
  return {
    value: Object.fromEntries(members.map(([key, { value }]) => [key, value])),
    text: `{${members.map(([key, { text }]) => `${JSON.stringify(key)}:${text}`).join()}}`,
  };
}

function sortedByKey<Value>(entries: Iterable<readonly [string, Value]>): (readonly [string, Value])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The distinct members of a list as text, sorted. A single value counts as a list of one. */
export function stringList(node: JsonNode | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.kind === 'array') return uniqueSorted(node.items.map(textOf));
  return node.kind === 'scalar' && node.value === null ? [] : [textOf(node)];
}

export function uniqueSorted(items: Iterable<string>): readonly string[] {
  return [...new Set(items)].sort();
}

/** The strings of a canonical list; empty for any other value. */
export function strings(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item: Json) => typeof item === 'string') : [];
}

/** `autogroup:members` is an older name of `autogroup:member`; mail addresses compare without case. */
export function canonicalName(name: string): string {
  if (name === 'autogroup:members') return 'autogroup:member';
  return name.includes('@') && !name.includes(':') ? name.toLowerCase() : name;
}

/** Posture conditions with single blanks and upper-case operators. `a && b` is two conditions: all of a posture must hold anyway. */
export function canonicalCondition(text: string): readonly string[] {
  return text
    .split('&&')
    .map((part) =>
      part
        .trim()
        .replaceAll(/\s+/g, ' ')
        .replace(
          /^(\S+) (is not set|is set|not in|in)\b/i,
          (_, attribute: string, operator: string) => `${attribute} ${operator.toUpperCase()}`,
        )
        .replace(/^([^\s=!<>]+) ?(==|!=|<=|>=|<|>) ?/, '$1 $2 '),
    )
    .filter((part) => part !== '');
}

const LIST_FIELDS = 'src dst ip via srcPosture users acceptEnv recorder target attr ipPool accept deny check'.split(
  ' ',
);
const FIELDS = [...LIST_FIELDS, 'action', 'proto', 'app', 'checkPeriod', 'enforceRecorder', 'srcPostureAttrs'];
const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map(FIELDS.map((name) => [name.toLowerCase(), name]));
/** Names of fields before `src` and `dst`, in lower case. */
const LEGACY: ReadonlyMap<string, string> = new Map([
  ['acls.users', 'src'],
  ['acls.ports', 'dst'],
  ['tests.user', 'src'],
  ['tests.allow', 'accept'],
]);

/** A rule in one spelling: current field names, sorted lists, ports merged by host. A value that is no object is only sorted. */
export function canonicalRule(section: RuleSection, node: JsonNode): Json {
  if (node.kind !== 'object') return canonicalJson(node);
  const fields = new Map<string, Json>();
  for (const [written, member] of node.members) {
    const lower = written.toLowerCase();
    const legacy = LEGACY.get(`${section}.${lower}`);
    const name = legacy ?? BY_LOWER_CASE.get(lower) ?? written;
    if (legacy !== undefined && fields.has(name)) continue;
    const value = canonicalField(section, name, member);
    if (!isDefault(name, value)) fields.set(name, value);
  }
  return Object.fromEntries(sortedByKey(fields));
}

function canonicalField(section: RuleSection, name: string, node: JsonNode): Json {
  if (LIST_FIELDS.includes(name)) {
    const list = stringList(node);
    if (['acls.dst', 'tests.accept', 'tests.deny'].includes(`${section}.${name}`)) return mergeTargets(list);
    if (section === 'grants' && name === 'ip') return uniqueSorted(list.map(canonicalGrantPorts));
    return uniqueSorted(list.map(canonicalName));
  }
  const value = canonicalJson(node);
  if (name === 'action' && typeof value === 'string') return value.toLowerCase();
  return name === 'proto' ? protocolName(textOf(node)) : value;
}

function canonicalGrantPorts(entry: string): string {
  const ports = parseGrantPorts(entry);
  return ports === undefined ? entry : formatPorts(ports);
}

/** Whether leaving the field out means the same. An empty `srcPosture` replaces the default posture. */
function isDefault(name: string, value: Json): boolean {
  if (value === null || (name === 'proto' && value === '') || (name === 'enforceRecorder' && value === false))
    return true;
  if (name === 'srcPosture' || !BY_LOWER_CASE.has(name.toLowerCase())) return false;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** `host:ports`, split at the last colon; ports are null when missing. An IPv6 address may be in brackets. */
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

/** One target for each host, with all its ports; the list unchanged when a host has too many port ranges. */
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

/** Host and ports of an acl's canonical `dst`. A target without ports has all of them: Tailscale itself refuses such a file. */
export function readTarget(
  target: string,
  proto: string,
): { readonly host: string; readonly ports: readonly PortRange[] } {
  const { host, ports } = splitTarget(target);
  return { host, ports: (ports ?? ALL_PORTS).map((range) => ({ ...range, proto })) };
}

function textOf(node: JsonNode): string {
  return node.kind === 'scalar' && typeof node.value === 'string' ? node.value : JSON.stringify(canonicalJson(node));
}
