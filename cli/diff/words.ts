import { visibleLine } from '../../lib/contract/visible';
import { clip } from '../../lib/policy/report/clip';
import type { ChangeKind } from '../../lib/policy/compare/change-kind';
import type { Finding } from '../../lib/policy/findings/catalogue';
import type { Json } from '../../lib/policy/parse/hujson';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';
import type { EntryChange, EntryEdit, FieldEdit, SectionDiff } from '../../lib/policy/compare/semantic-diff';

/** UTF-16 units of one change in words. */
const MAX_CHANGE_LENGTH = 600;
/** Fields of a rule in the order in which it is said aloud; the others come after. */
const SPOKEN = ['action', 'src', 'users', 'dst', 'ip', 'proto', 'app', 'via'];

/** Part of the policy that differs, in words. No text in here has control characters or more than one line. */
export interface ChangedSection {
  readonly section: string;
  /** `new section`, `section gone`, or nothing where both sides have it. */
  readonly note: string;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly sign: '+' | '-' | '~';
  /** What changed: `group:admin`, `acls[3]`. */
  readonly name: string;
  /** `line 12`; `old line 12` for what only the old side has. */
  readonly where: string;
  readonly what: string;
}

/** What a change kind means for the reader. */
export const MEANING: Readonly<Record<ChangeKind, string>> = {
  cosmetic: 'allows the same',
  narrowed: 'allows less',
  widened: 'allows more',
  mixed: 'allows more and less',
  unknown: 'whether it allows more or less cannot be told',
};

/** Every section that differs. */
export function changedSections({ sections }: PolicyDiffResult): readonly ChangedSection[] {
  return sections.map((diff) => ({
    section: visibleLine(diff.section),
    note: { added: 'new section', removed: 'section gone', changed: '' }[diff.state],
    changes: [
      ...diff.added.map((entry) => oneSided('+', diff, entry)),
      ...diff.removed.map((entry) => oneSided('-', diff, entry)),
      ...diff.changed.map((entry) => edited(diff, entry)),
    ],
  }));
}

/** Where a finding stands: `acls, acls[3], line 12`. */
export function findingPlace({ section, path, line }: Finding): string {
  const parts = [
    path.startsWith(section) ? path : `${section} ${path}`.trim(),
    line === null ? 'gone' : `line ${line}`,
  ];
  return visibleLine(parts.filter((part) => part !== '').join(', '));
}

/** `ACL-WILD-DST 3, ACL-INTERNET 2`; nothing when there was none. */
export function standingInWords({ standing }: PolicyDiffResult): string {
  return standing.map(({ id, count }) => `${id} ${count}`).join(', ');
}

/** `acls[3], line 12: group:admin`, for each rule that names an alias that changed. */
export function affectedInWords({ affectedRules }: PolicyDiffResult): readonly string[] {
  return affectedRules.map(({ path, line, aliases }) =>
    visibleLine(`${path}, line ${line}: ${clip(aliases.join(', '), MAX_CHANGE_LENGTH)}`),
  );
}

/** `sections.groups.added: 100 of 250`, for each list that is not whole. */
export function cutsInWords({ cuts, truncated }: PolicyDiffResult): readonly string[] {
  return [
    ...cuts.map(({ path, shown, total }) => visibleLine(`${path}: ${shown} of ${total}`)),
    ...(truncated ? ['the line diff is cut'] : []),
  ];
}

function oneSided(sign: '+' | '-', diff: SectionDiff, entry: EntryChange): Change {
  return change(
    sign,
    entry,
    `${sign === '-' ? 'old line' : 'line'} ${entry.line}`,
    describe(entry.value, diff.section),
  );
}

function edited({ section }: SectionDiff, entry: EntryEdit): Change {
  return change('~', entry, `line ${entry.line}`, entry.fields.map((field) => describeEdit(field, section)).join('; '));
}

function change(sign: Change['sign'], { key, path }: EntryChange | EntryEdit, where: string, what: string): Change {
  return {
    sign,
    name: visibleLine(key === null || key === '' ? path : key),
    where,
    what: visibleLine(what, MAX_CHANGE_LENGTH),
  };
}

function describeEdit({ field, added, removed }: FieldEdit, section: string): string {
  const name = field === 'members' || field === 'value' ? '' : `${field} `;
  if (field === 'value')
    return `was ${describe(removed[0] ?? null, section)}, is ${describe(added[0] ?? null, section)}`;
  return `${name}${[...added.map((item) => `+${describe(item, section)}`), ...removed.map((item) => `-${describe(item, section)}`)].join(' ')}`;
}

function describe(value: Json, section: string): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item: Json) => typeof item === 'string'))
    return value.length === 0 ? '[]' : value.join(', ');
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  const fields = Object.entries(value).filter(
    ([field, content]) => !(section === 'acls' && field === 'action' && content === 'accept'),
  );
  return fields
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([field, content]) => `${field} ${describeField(content)}`)
    .join('; ');
}

function describeField(value: Json): string {
  return typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : describe(value, '');
}

function rank(field: string): number {
  const at = SPOKEN.indexOf(field);
  return at === -1 ? SPOKEN.length : at;
}
