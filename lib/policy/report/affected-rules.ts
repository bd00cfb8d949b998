import type { Members, Model } from '../parse/model';
import { append } from '../parse/collections';

/** A rule that the change did not have to touch to change what it does. */
export interface AffectedRule {
  readonly section: string;
  /** On the new side. */
  readonly path: string;
  readonly line: number;
  /** Groups, hosts, ipsets and tags in the rule whose content changed. */
  readonly aliases: readonly string[];
}

/** Rules of the new side that name an alias that both sides have and whose content differs, through other aliases too. */
export function affectedRules(old: Model, next: Model): readonly AffectedRule[] {
  const changed = changedAliases(old, next);
  if (changed.size === 0) return [];
  const affected = (
    section: string,
    { path, line }: { path: string; line: number },
    names: readonly string[],
  ): readonly AffectedRule[] => {
    const aliases = [...new Set(names)].filter((name) => changed.has(name));
    return aliases.length > 0 ? [{ section, path, line, aliases }] : [];
  };
  return [
    ...next.rules.flatMap((rule) =>
      affected(rule.section, rule, [...rule.src, ...rule.targets.map(({ host }) => host), ...rule.via]),
    ),
    ...next.ssh.flatMap((rule) => affected(rule.section, rule, [...rule.src, ...rule.dst])),
    ...next.nodeAttrs.flatMap((entry) => affected('nodeAttrs', entry, entry.target)),
  ];
}

function changedAliases(old: Model, next: Model): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const section of ['groups', 'hosts', 'ipsets', 'tagOwners'] as const) {
    for (const { key, members } of next[section].values())
      if (differs(old[section].get(key), members)) changed.add(key);
  }
  const users = usersOf(next);
  for (const name of changed) for (const user of users.get(name) ?? []) changed.add(user);
  return changed;
}

function differs(before: Members | undefined, members: readonly string[]): boolean {
  return (
    before !== undefined &&
    (before.members.length !== members.length || before.members.some((member, at) => member !== members[at]))
  );
}

/** For each name the aliases that are made of it. A set grows while it is walked, so what is found through others is found too. */
function usersOf({ groups, ipsets }: Model): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { key, members } of [...groups.values(), ...ipsets.values()]) {
    for (const member of members) {
      append(users, member.replace(/^(?:add|remove)\s+/, ''), key);
    }
  }
  return users;
}
