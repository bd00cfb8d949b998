import type { Json } from '../parse/hujson';
import { clip } from './clip';
import type { Finding } from '../findings/catalogue';
import type { FieldEdit, SectionDiff } from '../compare/semantic-diff';

/** Maximum parts of a summary; the others are counted. */
const MAX_PARTS = 6;
/** Maximum UTF-16 units of the summary. */
const MAX_SUMMARY_LENGTH = 400;

const RULES = ['acls', 'grants', 'ssh'];
/** Prefix of the keys of a section. */
const KEYED: ReadonlyMap<string, string> = new Map([
  ['groups', ''],
  ['hosts', 'host '],
  ['ipsets', ''],
  ['postures', ''],
  ['tagOwners', ''],
  ['autoApprovers', 'approvers of '],
]);
const TESTS: ReadonlyMap<string, string> = new Map([
  ['tests', 'tests'],
  ['sshTests', 'ssh tests'],
]);

/** One line: `1 rule added, group:admins +1, 2 findings (1 high)`. */
export function summarize(sections: readonly SectionDiff[], findings: readonly Finding[], isSameText: boolean): string {
  const rules = sections.filter(({ section }) => RULES.includes(section));
  const others = sections.filter(({ section }) => !RULES.includes(section));
  const parts = [...counts(rules, 'rule'), ...others.flatMap(sectionParts)];
  if (parts.length > MAX_PARTS) {
    const more = parts.length - MAX_PARTS + 1;
    parts.splice(MAX_PARTS - 1, more, `${more} more changes`);
  }
  if (parts.length === 0) parts.push(withoutEntries(sections, isSameText));
  return clip([...parts, ...findingsPart(findings)].join(', '), MAX_SUMMARY_LENGTH);
}

function withoutEntries(sections: readonly SectionDiff[], isSameText: boolean): string {
  if (sections.length > 0) return sections.map(({ section, state }) => `${section} ${state}`).join(', ');
  return isSameText ? 'nothing changed' : 'comments and formatting only';
}

function findingsPart(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const high = findings.filter(({ severity }) => severity === 'high').length;
  return [`${plural(findings.length, 'finding')}${high > 0 ? ` (${high} high)` : ''}`];
}

function counts(sections: readonly SectionDiff[], noun: string): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((list) => {
    const count = sections.reduce((total, section) => total + section[list].length, 0);
    return count > 0 ? [`${plural(count, noun)} ${list}`] : [];
  });
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sectionParts(diff: SectionDiff): string[] {
  const { section, state, before, after, added, removed, changed } = diff;
  const [tests, prefix] = [TESTS.get(section), KEYED.get(section)];
  if (tests !== undefined) return [before === after ? `${tests} changed` : `${tests} ${before} -> ${after}`];
  if (section === 'nodeAttrs') return counts([diff], 'node attribute');
  if (prefix === undefined) return [`${clip(section, 60)} ${state}`];
  const name = (key: string | null): string => prefix + clip(key ?? section, 60);
  const size = (value: Json): string => (section === 'groups' && Array.isArray(value) ? ` (${value.length})` : '');
  return [
    ...added.map(({ key, value }) => `${name(key)} new${size(value)}`),
    ...removed.map(({ key }) => `${name(key)} gone`),
    ...changed.map(({ key, fields }) => `${name(key)} ${memberCounts(fields)}`),
  ];
}

function memberCounts(fields: readonly FieldEdit[]): string {
  const total = (list: 'added' | 'removed'): number => fields.reduce((sum, field) => sum + field[list].length, 0);
  const [added, removed] = [total('added'), total('removed')];
  if (removed === 0) return added === 0 ? '' : `+${added}`;
  return added === 0 ? `-${removed}` : `+${added} -${removed}`;
}
