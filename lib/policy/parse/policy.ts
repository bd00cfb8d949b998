import { toPath } from '../../contract/parse';
import { clip } from '../report/clip';
import { canonicalCondition, canonicalJson, canonicalName, canonicalRule, stringList, uniqueSorted } from './canonical';
import { memoize } from './collections';
import { readHujson, type HujsonError, type Json, type JsonNode } from './hujson';
import { isRuleSection, sectionName, sectionShape } from './sections';

/** A policy file by section. */
export interface Policy {
  /** false when this side has no file, as before the first write. */
  readonly present: boolean;
  /** By canonical name. A section that is null counts as missing; of a duplicate key the later value counts. */
  readonly sections: ReadonlyMap<string, JsonNode>;
  /** Duplicate keys: path and line of the later one. */
  readonly duplicates: readonly { readonly path: string; readonly line: number }[];
  /** The content of a section in canonical form; empty when the section is missing. */
  readonly entries: (section: string) => readonly Entry[];
}

/** One rule, one key with its members, or one value of a section. */
export interface Entry {
  /** null in a list, where the order means nothing; "" for a section that is one value. */
  readonly key: string | null;
  /** Canonical: equal meaning, equal value. */
  readonly value: Json;
  /** The value as JSON text. */
  readonly text: string;
  readonly path: string;
  readonly line: number;
}

/** The text of one side: an object is printed over several lines; null and undefined are "". undefined when it cannot be printed. */
export function policyText(side: unknown): string | undefined {
  if (side === undefined || side === null) return '';
  if (typeof side === 'string') return side;
  try {
    const text: unknown = JSON.stringify(side, null, 2);
    return typeof text === 'string' ? text : undefined;
  } catch {
    // A cycle, a BigInt, a throwing getter, or nesting beyond the stack.
    return undefined;
  }
}

export const NO_POLICY: Policy = createPolicy(false, new Map(), []);

/** Reads one side. Text of white space alone is a missing file. */
export function readPolicy(text: string): Policy | { readonly error: HujsonError } {
  if (text.trim() === '') return NO_POLICY;
  const result = readHujson(text);
  if (!result.ok) return { error: result.error };
  const { root } = result;
  if (root.kind !== 'object') return { error: { message: 'a policy is an object', line: root.line, column: 1 } };
  const sections = new Map<string, JsonNode>();
  const duplicates = result.duplicates.map(({ path, key, line }) => {
    const [top, ...rest] = [...path, key];
    return { path: pathOf([sectionName(String(top)), ...rest]), line };
  });
  for (const [written, node] of root.members) {
    const name = sectionName(written);
    if (sections.has(name)) duplicates.push({ path: pathOf([name]), line: node.line });
    if (node.kind === 'scalar' && node.value === null) continue;
    sections.set(name, node);
  }
  return createPolicy(true, sections, duplicates);
}

function createPolicy(present: boolean, sections: Policy['sections'], duplicates: Policy['duplicates']): Policy {
  return {
    present,
    sections,
    duplicates,
    entries: memoize((section: string) => sectionEntries(section, sections.get(section))),
  };
}

/** The same policy with other content in some sections. */
export function withSections(policy: Policy, sections: Policy['sections']): Policy {
  return createPolicy(policy.present, sections, policy.duplicates);
}

/** `acls[3].dst`, `groups["group:admins"]`. */
function pathOf(path: readonly (string | number)[]): string {
  return toPath(path.map((part) => (typeof part === 'string' ? clip(part) : part)));
}

function sectionEntries(section: string, node: JsonNode | undefined): readonly Entry[] {
  if (node === undefined) return [];
  if (node.kind === 'array' && isRuleSection(section))
    return node.items.map((item, index) => entry(null, [section, index], canonicalRule(section, item), item.line));
  if (section === 'autoApprovers' && node.kind === 'object') return approverEntries(node.members);
  if (node.kind === 'object') return [...node.members].map(([key, member]) => keyedEntry(section, key, member));
  if (sectionShape(section) === 'list') return [entry('', [section], stringList(node), node.line)];
  if (node.kind === 'array')
    return node.items.map((item, index) => entry(null, [section, index], canonicalJson(item), item.line));
  return [entry('', [section], canonicalJson(node), node.line)];
}

function keyedEntry(section: string, key: string, node: JsonNode): Entry {
  const value = sectionShape(section) === 'keyedLists' ? members(section, node) : canonicalJson(node);
  return entry(key, [section, key], value, node.line);
}

function members(section: string, node: JsonNode): readonly string[] {
  const list = stringList(node);
  return uniqueSorted(section === 'postures' ? list.flatMap(canonicalCondition) : list.map(canonicalName));
}

const APPROVER_KINDS = ['routes', 'exitNode', 'services'];

/** `routes` and `services` have keys, `exitNode` is a list. */
function approverEntries(sections: ReadonlyMap<string, JsonNode>): readonly Entry[] {
  return [...sections].flatMap(([written, node]) => {
    const name = APPROVER_KINDS.find((kind) => kind.toLowerCase() === written.toLowerCase()) ?? written;
    if (node.kind !== 'object')
      return [entry(name, ['autoApprovers', name], members('autoApprovers', node), node.line)];
    return [...node.members].map(([key, list]) =>
      entry(`${name}.${key}`, ['autoApprovers', name, key], members('autoApprovers', list), list.line),
    );
  });
}

function entry(key: string | null, path: readonly (string | number)[], value: Json, line: number): Entry {
  return { key, value, text: JSON.stringify(value), path: pathOf(path), line };
}
