import { toPath } from '../../contract/parse';
import { canonicalJson, canonicalName, canonicalRule, stringList, uniqueSorted } from './canonical';
import { clip } from '../report/clip';
import { readHujson, type DuplicateKey, type HujsonError, type Json, type JsonNode } from './hujson';
import { canonicalCondition } from '../access/posture';
import { isRuleSection, sectionName, sectionShape, type RuleSection } from './sections';

/** A policy file as far as its top level goes. */
export interface Policy {
  /** false: there is no file on this side, as before the first write. */
  readonly present: boolean;
  /** By canonical name; null counts as left out, and of a key that came twice the later one counts. */
  readonly sections: ReadonlyMap<string, JsonNode>;
  /** Where a key came again, with its line. */
  readonly duplicates: readonly { readonly path: string; readonly line: number }[];
  /** The content of a section in canonical form; none where there is no such section. */
  readonly entries: (section: string) => readonly Entry[];
}

/** One rule, one key with its members, or one value of a section. */
export interface Entry {
  /** null in a list, where the order means nothing; "" for a section that is one value. */
  readonly key: string | null;
  /** In one spelling: equal meaning, equal value. */
  readonly value: Json;
  /** The value as JSON text, to compare by. */
  readonly text: string;
  readonly path: string;
  readonly line: number;
}

/** The text of a side: an object is printed over several lines, nothing is "". undefined when it cannot be printed. */
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

/** No file. */
export const NO_POLICY: Policy = createPolicy(false, new Map(), []);

/** Reads one side. White space alone is no file. */
export function readPolicy(text: string): Policy | { readonly error: HujsonError } {
  if (text.trim() === '') return NO_POLICY;
  const result = readHujson(text);
  if (!result.ok) return { error: result.error };
  const { root } = result;
  if (root.kind !== 'object') return { error: { message: 'a policy is an object', line: root.line, column: 1 } };
  const sections = new Map<string, JsonNode>();
  const duplicates = result.duplicates.map((duplicate) => ({ path: duplicatePath(duplicate), line: duplicate.line }));
  for (const [written, node] of root.members) {
    const name = sectionName(written);
    if (sections.has(name)) duplicates.push({ path: pathOf([name]), line: node.line });
    if (node.kind === 'scalar' && node.value === null) continue;
    sections.set(name, node);
  }
  return createPolicy(true, sections, duplicates);
}

function createPolicy(present: boolean, sections: Policy['sections'], duplicates: Policy['duplicates']): Policy {
  const known = new Map<string, readonly Entry[]>();
  return {
    present,
    sections,
    duplicates,
    entries(section) {
      const entries = known.get(section) ?? sectionEntries(section, sections.get(section));
      known.set(section, entries);
      return entries;
    },
  };
}

/** The same policy with other content under the names of some sections. */
export function withSections(policy: Policy, sections: Policy['sections']): Policy {
  return createPolicy(policy.present, sections, policy.duplicates);
}

function duplicatePath({ path, key }: DuplicateKey): string {
  return pathOf(
    [...path, key].map((part, level) => (level === 0 && typeof part === 'string' ? sectionName(part) : part)),
  );
}

/** `acls[3].dst`, `groups["group:admins"]`. */
export function pathOf(path: readonly (string | number)[]): string {
  return toPath(path.map((part) => (typeof part === 'string' ? clip(part) : part)));
}

function sectionEntries(section: string, node: JsonNode | undefined): readonly Entry[] {
  if (node === undefined) return [];
  if (node.kind === 'array' && isRuleSection(section))
    return node.items.map((item, index) => ruleEntry(section, item, index));
  if (section === 'autoApprovers' && node.kind === 'object') return approverEntries(node.members);
  if (node.kind === 'object') return [...node.members].map(([key, member]) => keyedEntry(section, key, member));
  if (sectionShape(section) === 'list') return [entry('', [section], stringList(node), node.line)];
  if (node.kind === 'array')
    return node.items.map((item, index) => entry(null, [section, index], canonicalJson(item), item.line));
  return [entry('', [section], canonicalJson(node), node.line)];
}

function ruleEntry(section: RuleSection, node: JsonNode, index: number): Entry {
  return entry(null, [section, index], canonicalRule(section, node), node.line);
}

function keyedEntry(section: string, key: string, node: JsonNode): Entry {
  return entry(
    key,
    [section, key],
    sectionShape(section) === 'keyedLists' ? members(section, node) : canonicalJson(node),
    node.line,
  );
}

function members(section: string, node: JsonNode): readonly string[] {
  const list = stringList(node);
  return section === 'postures'
    ? uniqueSorted(list.flatMap(canonicalCondition))
    : uniqueSorted(list.map(canonicalName));
}

/** `routes` and `services` hold keys of their own, `exitNode` is a list. */
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

const APPROVER_KINDS = ['routes', 'exitNode', 'services'] as const;

function entry(key: string | null, path: readonly (string | number)[], value: Json, line: number): Entry {
  return { key, value, text: JSON.stringify(value), path: pathOf(path), line };
}
