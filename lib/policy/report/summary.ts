import { clip } from './clip';
import type { Finding } from '../findings/catalogue';
import type { SectionDiff } from '../compare/semantic-diff';

/** Parts of a summary; the rest is counted. */
const MAX_PARTS = 6;
/** UTF-16 units of the whole line. */
const MAX_SUMMARY_LENGTH = 400;

const RULES: ReadonlySet<string> = new Set(['acls', 'grants', 'ssh']);
const KEYED: Readonly<Record<string, string>> = {
  groups: '',
  hosts: 'host ',
  ipsets: '',
  postures: '',
  tagOwners: '',
  autoApprovers: 'approvers of ',
};
const NOUNS: Readonly<Record<string, string>> = { nodeAttrs: 'node attribute', tests: 'test', sshTests: 'ssh test' };

/** One line for people: `1 rule added, group:admins +1, 2 findings (1 high)`. */
export function summarize(sections: readonly SectionDiff[], findings: readonly Finding[], isSameText: boolean): string {
  const rules = sections.filter(({ section }) => RULES.has(section));
  const parts = [
    ...counts(rules, 'rule'),
    ...sections.filter(({ section }) => !RULES.has(section)).flatMap(sectionParts),
  ];
  const shown =
    parts.length > MAX_PARTS
      ? [...parts.slice(0, MAX_PARTS - 1), `${parts.length - MAX_PARTS + 1} more changes`]
      : parts;
  return clip(
    [...(shown.length > 0 ? shown : [onlyState(sections, isSameText)]), ...findingsPart(findings)].join(', '),
    MAX_SUMMARY_LENGTH,
  );
}

function onlyState(sections: readonly SectionDiff[], isSameText: boolean): string {
  const gone = sections.map(({ section, state }) => `${section} ${state}`);
  if (gone.length > 0) return gone.join(', ');
  return isSameText ? 'nothing changed' : 'comments and formatting only';
}

function findingsPart(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const high = findings.filter(({ severity }) => severity === 'high').length;
  return [`${plural(findings.length, 'finding')}${high > 0 ? ` (${high} high)` : ''}`];
}

function counts(sections: readonly SectionDiff[], noun: string): string[] {
  return (['added', 'removed', 'changed'] as const).flatMap((what) => {
    const count = sections.reduce((total, section) => total + section[what].length, 0);
    return count > 0 ? [`${plural(count, noun)} ${what}`] : [];
  });
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sectionParts(diff: SectionDiff): string[] {
  const { section, before, after, added, removed, changed } = diff;
  const label = KEYED[section];
  if (section === 'tests' || section === 'sshTests')
    return [
      before === after
        ? `${NOUNS[section] ?? section}s changed`
        : `${NOUNS[section] ?? section}s ${before} -> ${after}`,
    ];
  const noun = NOUNS[section];
  if (noun !== undefined) return counts([diff], noun);
  if (label === undefined) return [`${clip(section, 60)} ${diff.state}`];
  const name = (key: string | null): string => label + clip(key ?? section, 60);
  return [
    ...added.map(
      ({ key, value }) => `${name(key)} new${section === 'groups' && Array.isArray(value) ? ` (${value.length})` : ''}`,
    ),
    ...removed.map(({ key }) => `${name(key)} gone`),
    ...changed.map(({ key, fields }) => `${name(key)} ${members(fields)}`),
  ];
}

function members(fields: SectionDiff['changed'][number]['fields']): string {
  const total = (side: 'added' | 'removed'): number => fields.reduce((sum, field) => sum + field[side].length, 0);
  return [total('added') > 0 ? `+${total('added')}` : '', total('removed') > 0 ? `-${total('removed')}` : '']
    .filter((part) => part !== '')
    .join(' ');
}
