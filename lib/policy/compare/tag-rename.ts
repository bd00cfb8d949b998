import type { JsonNode } from '../parse/hujson';
import { withSections, type Policy } from '../parse/policy';

/** Tags that went, and tags that came, in one change; with more than this nothing is taken for a rename. */
export const MAX_RENAMED_TAGS = 20;
/** Part of the rules that must name the new tag where the old one stood. */
const LEAST_LIKENESS = 0.6;

/** A tag, alone or as the host before a port. */
const PLACES_OF_TAGS: ReadonlySet<string> = new Set([
  'acls',
  'grants',
  'ssh',
  'tagOwners',
  'autoApprovers',
  'nodeAttrs',
  'tests',
  'sshTests',
  'hosts',
  'ipsets',
]);
/** Sections that say what a tag may do. */
const ROLES_OF_TAGS = ['acls', 'grants', 'ssh', 'tagOwners', 'autoApprovers', 'nodeAttrs'] as const;

/**
 * The old policy under the new names of its tags. A tag was renamed when it is owned no more, another one is owned now, and the new one
 * stands in the rules where the old one stood. Groups, hosts and postures need no such care: they compare by what they stand for.
 */
export function withRenamedTags(old: Policy, next: Policy): Policy {
  const names = renamedTags(old, next);
  return names.size === 0 ? old : renameTags(old, names);
}

function renamedTags(old: Policy, next: Policy): ReadonlyMap<string, string> {
  const [before, after] = [ownedTags(old), ownedTags(next)];
  const gone = without(before, after);
  const came = without(after, before);
  const renamed = new Map<string, string>();
  if (gone.length === 0 || came.length === 0 || gone.length > MAX_RENAMED_TAGS || came.length > MAX_RENAMED_TAGS)
    return renamed;
  const free = rolesOf(next, came);
  for (const [tag, role] of rolesOf(old, gone)) {
    const best = [...free]
      .map(([name, other]) => ({ name, likeness: likeness(role, other) }))
      .filter((other) => other.likeness >= LEAST_LIKENESS)
      .sort((a, b) => b.likeness - a.likeness)[0];
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

/** For each tag the entries that name it, with the tag itself and the others that came or went made the same on both sides. */
function rolesOf(policy: Policy, tags: readonly string[]): Map<string, ReadonlySet<string>> {
  const roles = new Map(tags.map((tag) => [tag, new Set<string>()]));
  for (const section of ROLES_OF_TAGS) {
    for (const { key, text } of policy.entries(section)) {
      const words = [
        ...(key === null ? [] : [`key ${key}`]),
        ...(text.match(JSON_STRING) ?? []).map((word) => word.slice(1, -1)),
      ];
      const tagOf = (word: string): string | undefined =>
        tags.find((tag) => word === tag || word === `key ${tag}` || word.startsWith(`${tag}:`));
      for (const named of new Set(words.flatMap((word) => tagOf(word) ?? []))) {
        const blind = words.map((word) => {
          const tag = tagOf(word);
          return tag === undefined ? word : word.replace(tag, tag === named ? 'this' : 'other');
        });
        roles.get(named)?.add([section, ...blind.sort()].join('\n'));
      }
    }
  }
  return roles;
}

const JSON_STRING = /"(?:[^"\\]|\\.)*"/g;

function without(tags: readonly string[], other: readonly string[]): readonly string[] {
  const known = new Set(other);
  return tags.filter((tag) => !known.has(tag));
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((item) => b.has(item)).length;
  return shared / (a.size + b.size - shared);
}

function renameTags(policy: Policy, names: ReadonlyMap<string, string>): Policy {
  return withSections(
    policy,
    new Map(
      [...policy.sections].map(([section, node]) => [
        section,
        PLACES_OF_TAGS.has(section) ? renameNode(node, names) : node,
      ]),
    ),
  );
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
