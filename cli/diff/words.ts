import { visibleLine } from '../../lib/contract/visible';
import { clip } from '../../lib/policy/report/clip';
import type { ChangeKind } from '../../lib/policy/compare/change-kind';
import type { Finding } from '../../lib/policy/findings/catalogue';
import type { Json } from '../../lib/policy/parse/hujson';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';
import type { EntryChange, EntryEdit, FieldEdit } from '../../lib/policy/compare/semantic-diff';

/** Maximum UTF-16 units of one change. */
const MAX_CHANGE_LENGTH = 600;
/** The first fields of a rule, in order of the output; the others follow. */
const FIELD_ORDER = ['action', 'src', 'users', 'dst', 'ip', 'proto', 'app', 'via'];

/** A changed section as text. Every text is one line without control characters. */
export interface ChangedSection {
  readonly section: string;
  /** `section added`, `section removed`, or "" when both sides have it. */
  readonly note: string;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly sign: '+' | '-' | '~';
  /** `group:admin`, `acls[3]`. */
  readonly name: string;
  /** `line 12`; `old line 12` for a removed entry. */
  readonly where: string;
  readonly what: string;
}

/** The meaning of each change kind. */
export const MEANING: Readonly<Record<ChangeKind, string>> = {
  cosmetic: 'allows the same',
  narrowed: 'allows less',
  widened: 'allows more',
  mixed: 'allows more and less',
  unknown: 'whether it allows more or less is not known',
};

export function changedSections({ sections }: PolicyDiffResult): readonly ChangedSection[] {
  return sections.map(({ section, state, added, removed, changed }) => ({
    section: visibleLine(section),
    note: { added: 'section added', removed: 'section removed', changed: '' }[state],
    changes: [
      ...added.map((entry) => changeOf('+', entry, `line ${entry.line}`, describe(entry.value, section))),
      ...removed.map((entry) => changeOf('-', entry, `old line ${entry.line}`, describe(entry.value, section))),
      ...changed.map((entry) => {
        const fields = entry.fields.map((field) => describeEdit(field, section));
        return changeOf('~', entry, `line ${entry.line}`, fields.join('; '));
      }),
    ],
  }));
}

/** The place of a finding: `acls[3], line 12`. */
export function findingPlace({ section, path, line }: Finding): string {
  const parts = [
    path.startsWith(section) ? path : `${section} ${path}`.trim(),
    line === null ? 'removed' : `line ${line}`,
  ];
  return visibleLine(parts.filter((part) => part !== '').join(', '));
}

/** `ACL-WILD-DST 3, ACL-INTERNET 2`; "" without pre-existing findings. */
export function preExistingText({ standing }: PolicyDiffResult): string {
  return standing.map(({ id, count }) => `${id} ${count}`).join(', ');
}

/** `acls[3], line 12: group:admin`, for each rule with a changed alias. */
export function affectedTexts({ affectedRules }: PolicyDiffResult): readonly string[] {
  return affectedRules.map(({ path, line, aliases }) =>
    visibleLine(`${path}, line ${line}: ${clip(aliases.join(', '), MAX_CHANGE_LENGTH)}`),
  );
}

/** `sections.groups.added: 100 of 250`, for each incomplete list. */
export function cutTexts({ cuts, truncated }: PolicyDiffResult): readonly string[] {
  return [
    ...cuts.map(({ path, shown, total }) => visibleLine(`${path}: ${shown} of ${total}`)),
    ...(truncated ? ['line diff: cut'] : []),
  ];
}

function changeOf(sign: Change['sign'], { key, path }: EntryChange | EntryEdit, where: string, what: string): Change {
  return {
    sign,
    name: visibleLine(key === null || key === '' ? path : key),
    where,
    what: visibleLine(what, MAX_CHANGE_LENGTH),
  };
}

function describeEdit({ field, added, removed }: FieldEdit, section: string): string {
  if (field === 'value')
    return `${describe(removed[0] ?? null, section)} before, ${describe(added[0] ?? null, section)} after`;
  const items = [
    ...added.map((item) => `+${describe(item, section)}`),
    ...removed.map((item) => `-${describe(item, section)}`),
  ];
  return [...(field === 'members' ? [] : [field]), ...items].join(' ');
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
  const at = FIELD_ORDER.indexOf(field);
  return at === -1 ? FIELD_ORDER.length : at;
}
