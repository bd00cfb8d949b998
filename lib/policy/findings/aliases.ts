import type { PolicyChange } from '../compare/policy-change';
import { memoizeByObject } from '../parse/collections';
import { namesInRule, type Members } from '../parse/model';
import { finding, listed, type Evidence, type FindingRule } from './finding';

/** A host or ipset of both sides that rules use and that resolves to addresses that it did not contain before. */
interface GrownAlias extends Members {
  readonly section: 'hosts' | 'ipsets';
  readonly before: readonly string[];
}

export const grownAliases = memoizeByObject((change: PolicyChange): readonly GrownAlias[] => {
  const { old, next, comparison } = change;
  return (['hosts', 'ipsets'] as const).flatMap((section) =>
    [...next[section].values()].flatMap((alias) => {
      const before = old[section].get(alias.key);
      return before !== undefined && usedNames(change).has(alias.key) && comparison.newLeaves(alias.key).length > 0
        ? [{ ...alias, section, before: before.members }]
        : [];
    }),
  );
});

/** Names in rules of the new side, also through ipsets. */
export const usedNames = memoizeByObject(({ next }: PolicyChange): ReadonlySet<string> => {
  const { rules, ssh, nodeAttrs, ipsets, tagOwners, approvers } = next;
  const used = new Set([
    ...[...rules, ...ssh].flatMap(namesInRule),
    ...rules.flatMap(({ via }) => via),
    ...nodeAttrs.flatMap(({ target }) => target),
    ...[...tagOwners.values(), ...approvers.values()].flatMap(({ members }) => members),
  ]);
  // Iteration includes the names that are added on the way.
  for (const name of used)
    for (const entry of ipsets.get(name)?.members ?? []) used.add(entry.replace(/^(?:add|remove)\s+/, ''));
  return used;
});

export function aliasEvidence({ section, key, before, members, path, line }: GrownAlias): Evidence {
  return { section, path, line, evidence: `${key}: ${listed(before)} before, ${listed(members)} after` };
}

export const ALIAS_FINDINGS: readonly FindingRule[] = [
  finding('ALIAS-RETARGET', 'medium', 'new only', 'Addresses added to a host or ipset that rules use', (change) =>
    grownAliases(change).map(aliasEvidence),
  ),
];
