import { append } from '../parse/collections';
import { namesInRule, type Model } from '../parse/model';

/** A rule of the new side that names an alias whose content changed. */
export interface AffectedRule {
  readonly section: string;
  readonly path: string;
  readonly line: number;
  /** Changed groups, hosts, ipsets and tags in the rule. */
  readonly aliases: readonly string[];
}

/** Rules that name an alias that both sides have and whose content differs, directly or through other aliases. */
export function affectedRules(old: Model, next: Model): readonly AffectedRule[] {
  const changed = changedAliases(old, next);
  if (changed.size === 0) return [];
  const named = [
    ...next.rules.map((rule) => ({ rule, names: [...namesInRule(rule), ...rule.via] })),
    ...next.ssh.map((rule) => ({ rule, names: namesInRule(rule) })),
    ...next.nodeAttrs.map((entry) => ({ rule: { ...entry, section: 'nodeAttrs' }, names: entry.target })),
  ];
  return named.flatMap(({ rule: { section, path, line }, names }) => {
    const aliases = [...new Set(names)].filter((name) => changed.has(name));
    return aliases.length > 0 ? [{ section, path, line, aliases }] : [];
  });
}

function changedAliases(old: Model, next: Model): ReadonlySet<string> {
  const changed = new Set(
    (['groups', 'hosts', 'ipsets', 'tagOwners'] as const).flatMap((section) =>
      [...next[section].values()]
        .filter(({ key, members }) => differs(old[section].get(key)?.members, members))
        .map(({ key }) => key),
    ),
  );
  const users = usersOf(next);
  // Iteration includes the aliases that are added on the way.
  for (const name of changed) for (const user of users.get(name) ?? []) changed.add(user);
  return changed;
}

function differs(before: readonly string[] | undefined, after: readonly string[]): boolean {
  return before !== undefined && (before.length !== after.length || before.some((member, at) => member !== after[at]));
}

/** For each name the groups and ipsets that contain it. */
function usersOf({ groups, ipsets }: Model): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { key, members } of [...groups.values(), ...ipsets.values()])
    for (const member of members) append(users, member.replace(/^(?:add|remove)\s+/, ''), key);
  return users;
}
