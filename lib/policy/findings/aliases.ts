import type { Members } from '../parse/model';
import { listed, oncePerChange, type Evidence, type FindingRule } from './finding';

/** A host or ipset that both sides have, and that stands for addresses now that it did not stand for before. */
export interface GrownAlias extends Members {
  readonly section: 'hosts' | 'ipsets';
  readonly before: readonly string[];
}

/** Only those that a rule uses: another one changes nothing. */
export const grownAliases = oncePerChange((change): readonly GrownAlias[] => {
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

/** Names that rules of the new side use, and those that they use through ipsets. */
export const usedNames = oncePerChange(
  ({ next: { rules, ssh, nodeAttrs, ipsets, tagOwners, approvers } }): ReadonlySet<string> => {
    const used = new Set<string>();
    const add = (name: string): unknown => used.add(name);
    for (const { src, targets, via } of rules) [...src, ...targets.map(({ host }) => host), ...via].forEach(add);
    for (const { src, dst } of ssh) [...src, ...dst].forEach(add);
    for (const { target } of nodeAttrs) target.forEach(add);
    for (const { members } of [...tagOwners.values(), ...approvers.values()]) members.forEach(add);
    // A set grows while it is walked, so what is found through others is found too, however long their chain is.
    for (const name of used)
      for (const entry of ipsets.get(name)?.members ?? []) add(entry.replace(/^(?:add|remove)\s+/, ''));
    return used;
  },
);

export function aliasEvidence({ section, key, before, members, path, line }: GrownAlias): Evidence {
  return { section, path, line, evidence: `${key} was ${listed(before)}, is ${listed(members)}` };
}

export const ALIAS_FINDINGS: readonly FindingRule[] = [
  {
    id: 'ALIAS-RETARGET',
    severity: 'medium',
    standing: false,
    title: 'A host or ipset that rules use stands for other or more addresses',
    when: (change) => grownAliases(change).map(aliasEvidence),
  },
];
