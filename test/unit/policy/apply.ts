import type { Json } from '../../../lib/policy/parse/hujson';
import type { Policy } from '../../../lib/policy/parse/policy';
import type { EntryEdit, SectionDiff } from '../../../lib/policy/compare/semantic-diff';

/** Section name to its entries as `key` and JSON text, sorted. */
export type Content = ReadonlyMap<string, readonly string[]>;

const line = (key: string | null, value: Json): string => `${key ?? '-'} ${JSON.stringify(value)}`;

/** What is in a policy; empty sections are left out unless leaving them out would mean something else. */
export function contentOf(policy: Policy): Content {
  return new Map(
    [...policy.sections.keys()].flatMap((section) => {
      const entries = policy.entries(section).map(({ key, value }) => line(key, value));
      return entries.length > 0 || ['acls', 'grants'].includes(section) ? [[section, entries.sort()]] : [];
    }),
  );
}

/** The old side after the changes that a semantic diff tells. */
export function applyDiff(old: Policy, sections: readonly SectionDiff[]): Content {
  const content = new Map(contentOf(old));
  for (const { section, state, added, removed, changed } of sections) {
    const byPath = new Map(old.entries(section).map((entry) => [entry.path, entry]));
    for (const { path } of removed) byPath.delete(path);
    const kept = changed.map((edit) => {
      const before = byPath.get(edit.oldPath);
      byPath.delete(edit.oldPath);
      return line(edit.key, edited(before?.value ?? null, edit));
    });
    const entries = [
      ...[...byPath.values()].map(({ key, value }) => line(key, value)),
      ...kept,
      ...added.map(({ key, value }) => line(key, value)),
    ];
    if (state === 'removed' || (entries.length === 0 && !['acls', 'grants'].includes(section))) content.delete(section);
    else content.set(section, entries.sort());
  }
  return content;
}

function edited(value: Json, { key, fields }: EntryEdit): Json {
  const isRule = key === null && typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRule)
    return fields.reduce(
      (before, { field, added, removed }) =>
        field === 'members' ? members(before, added, removed) : (added[0] ?? null),
      value,
    );
  const rule = new Map<string, Json>(Object.entries(value));
  for (const { field, added, removed } of fields) {
    const before = rule.get(field);
    const isWhole =
      [...added, ...removed].some((item) => typeof item !== 'string') ||
      (before !== undefined && !Array.isArray(before)) ||
      isScalar(field);
    const after = isWhole ? added[0] : members(before ?? [], added, removed);
    if (after === undefined || (!isWhole && Array.isArray(after) && after.length === 0)) rule.delete(field);
    else rule.set(field, after);
  }
  return Object.fromEntries([...rule].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isScalar(field: string): boolean {
  return ['action', 'proto', 'checkPeriod', 'enforceRecorder'].includes(field);
}

function members(before: Json, added: readonly Json[], removed: readonly Json[]): Json {
  const list: readonly Json[] = Array.isArray(before) ? before : [];
  return [...list.filter((item) => !removed.includes(item)), ...added].sort();
}
