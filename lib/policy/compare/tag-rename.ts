import { without } from '../parse/collections';
import type { JsonNode } from '../parse/hujson';
import { withSections, type Policy } from '../parse/policy';

/** Maximum removed tags, and added tags, of one change; with more, no tag counts as renamed. */
const MAX_RENAMED_TAGS = 20;
/** Least share of the entries with the old tag that must have the new tag in its place. */
const LEAST_SIMILARITY = 0.6;

/** Sections that say what a tag may do. */
const SECTIONS_OF_ROLES = ['acls', 'grants', 'ssh', 'tagOwners', 'autoApprovers', 'nodeAttrs'];
/** Sections that contain tags, alone or as the host before a port. */
const SECTIONS_WITH_TAGS = [...SECTIONS_OF_ROLES, 'tests', 'sshTests', 'hosts', 'ipsets'];

/**
 * The old policy with the new names of its renamed tags. A tag is renamed when its owners are removed, the owners of another tag are
 * added, and most entries with the old tag have the new tag in its place. Groups, hosts and postures are compared by their members.
 */
export function withRenamedTags(old: Policy, next: Policy): Policy {
  const names = renamedTags(old, next);
  if (names.size === 0) return old;
  const sections = [...old.sections].map(([section, node]): [string, JsonNode] => [
    section,
    SECTIONS_WITH_TAGS.includes(section) ? renameNode(node, names) : node,
  ]);
  return withSections(old, new Map(sections));
}

function renamedTags(old: Policy, next: Policy): ReadonlyMap<string, string> {
  const [before, after] = [ownedTags(old), ownedTags(next)];
  const removed = without(before, after);
  const added = without(after, before);
  const renamed = new Map<string, string>();
  if (
    removed.length === 0 ||
    added.length === 0 ||
    removed.length > MAX_RENAMED_TAGS ||
    added.length > MAX_RENAMED_TAGS
  )
    return renamed;
  const free = rolesOf(next, added);
  for (const [tag, role] of rolesOf(old, removed)) {
    const best = [...free]
      .map(([name, other]) => ({ name, similarity: similarity(role, other) }))
      .filter((other) => other.similarity >= LEAST_SIMILARITY)
      .sort((a, b) => b.similarity - a.similarity)[0];
    if (best === undefined) continue;
    renamed.set(tag, best.name);
    free.delete(best.name);
  }
  return renamed;
}

function ownedTags(policy: Policy): readonly string[] {
  return policy
    .entries('tagOwners')
    .flatMap(({ key }) => key ?? [])
    .sort();
}

/** For each tag the entries that contain it, with added and removed tags replaced by placeholders, so that both sides compare. */
function rolesOf(policy: Policy, tags: readonly string[]): Map<string, ReadonlySet<string>> {
  const roles = new Map(tags.map((tag) => [tag, new Set<string>()]));
  for (const section of SECTIONS_OF_ROLES) {
    for (const { key, text } of policy.entries(section)) {
      const words = [
        ...(key === null ? [] : [`key ${key}`]),
        ...(text.match(JSON_STRING) ?? []).map((word) => word.slice(1, -1)),
      ];
      const tagOf = (word: string): string | undefined =>
        tags.find((tag) => word === tag || word === `key ${tag}` || word.startsWith(`${tag}:`));
      for (const named of new Set(words.flatMap((word) => tagOf(word) ?? []))) {
        const masked = words.map((word) => {
          const tag = tagOf(word);
          return tag === undefined ? word : word.replace(tag, tag === named ? 'this' : 'other');
        });
        roles.get(named)?.add([section, ...masked.sort()].join('\n'));
      }
    }
  }
  return roles;
}

const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;

function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((item) => b.has(item)).length;
  return shared / (a.size + b.size - shared);
}

function renameNode(node: JsonNode, names: ReadonlyMap<string, string>): JsonNode {
  if (node.kind === 'array') return { ...node, items: node.items.map((item) => renameNode(item, names)) };
  if (node.kind === 'object')
    return {
      ...node,
      members: new Map([...node.members].map(([key, member]) => [renameText(key, names), renameNode(member, names)])),
    };
  return typeof node.value === 'string' ? { ...node, value: renameText(node.value, names) } : node;
}

function renameText(text: string, names: ReadonlyMap<string, string>): string {
  if (!text.startsWith('tag:')) return text;
  const whole = names.get(text);
  if (whole !== undefined) return whole;
  const colon = text.lastIndexOf(':');
  const host = names.get(text.slice(0, colon));
  return host === undefined ? text : host + text.slice(colon);
}
