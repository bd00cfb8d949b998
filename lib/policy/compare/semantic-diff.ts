import { isObject, splitTarget, strings, type JsonObject } from '../parse/canonical';
import { without } from '../parse/collections';
import type { Json } from '../parse/hujson';
import { pairSimilar, type Features } from './pairing';
import type { Entry, Policy } from '../parse/policy';
import { isRuleSection, SECTION_ORDER } from '../parse/sections';

/** A rule, key or value that only one side has. */
export interface EntryChange {
  /** null in lists, where the order means nothing; "" for a section that is one value. */
  readonly key: string | null;
  readonly path: string;
  readonly line: number;
  readonly value: Json;
}

/** A rule, key or value that both sides have and that differs. */
export interface EntryEdit {
  readonly key: string | null;
  /** On the new side. */
  readonly path: string;
  readonly line: number;
  readonly oldPath: string;
  readonly oldLine: number;
  readonly fields: readonly FieldEdit[];
}

/** Added and removed list members; for a field that is not a list, the new and the old value. */
export interface FieldEdit {
  /** The field of a rule; `members` of a key; else `value`. */
  readonly field: string;
  readonly added: readonly Json[];
  readonly removed: readonly Json[];
}

export interface SectionDiff {
  readonly section: string;
  /** Whether the section itself was added or removed. An empty `acls` denies everything, a missing `acls` does not. */
  readonly state: 'added' | 'removed' | 'changed';
  /** Number of entries on the old and on the new side. */
  readonly before: number;
  readonly after: number;
  readonly added: readonly EntryChange[];
  readonly removed: readonly EntryChange[];
  readonly changed: readonly EntryEdit[];
}

/** The old and the new version of an entry. */
interface EntryPair {
  readonly old: Entry;
  readonly next: Entry;
}

/** The differences of two policies, by section, not bounded in size. Equal sections are left out. */
export function semanticDiff(old: Policy, next: Policy): readonly SectionDiff[] {
  const names = new Set([...SECTION_ORDER, ...[...old.sections.keys(), ...next.sections.keys()].sort()]);
  return [...names].flatMap((section) => diffSection(section, old, next) ?? []);
}

function diffSection(section: string, old: Policy, next: Policy): SectionDiff | undefined {
  const [before, after] = [old.entries(section), next.entries(section)];
  const { added, removed, pairs } = matchEntries(section, before, after);
  const state = !old.sections.has(section) ? 'added' : !next.sections.has(section) ? 'removed' : 'changed';
  const isEmptyToMissing = DENIES_WHEN_EMPTY.has(section) && old.sections.has(section) !== next.sections.has(section);
  if (added.length + removed.length + pairs.length === 0 && !isEmptyToMissing) return undefined;
  return {
    section,
    state,
    before: before.length,
    after: after.length,
    added: added.map(entryChange),
    removed: removed.map(entryChange),
    changed: pairs.map(entryEdit),
  };
}

/** For these, an empty section is not the same as a missing one. */
const DENIES_WHEN_EMPTY: ReadonlySet<string> = new Set(['acls', 'grants']);

/** Matches entries by key; without keys, equal entries first, then rules by similarity. */
export function matchEntries(
  section: string,
  before: readonly Entry[],
  after: readonly Entry[],
): { readonly added: readonly Entry[]; readonly removed: readonly Entry[]; readonly pairs: readonly EntryPair[] } {
  const oldKeyed = new Map(before.flatMap((entry) => (entry.key === null ? [] : [[entry.key, entry]])));
  const newKeyed = new Map(after.flatMap((entry) => (entry.key === null ? [] : [[entry.key, entry]])));
  const keyedPairs = [...newKeyed].flatMap(([key, entry]) => {
    const known = oldKeyed.get(key);
    return known === undefined || known.text === entry.text ? [] : [{ old: known, next: entry }];
  });
  const left = leftovers(before, after);
  const similar = isRuleSection(section) ? pairSimilar(left.removed, left.added, (entry) => features(entry.value)) : [];
  const paired = new Set(similar.flatMap(({ old, next }) => [old, next]));
  return {
    added: [
      ...[...newKeyed.values()].filter(({ key }) => !oldKeyed.has(key ?? '')),
      ...left.added.filter((entry) => !paired.has(entry)),
    ],
    removed: [
      ...[...oldKeyed.values()].filter(({ key }) => !newKeyed.has(key ?? '')),
      ...left.removed.filter((entry) => !paired.has(entry)),
    ],
    pairs: [...keyedPairs, ...similar],
  };
}

/** Entries without a key that have no equal on the other side. The first of several equal entries match first. */
function leftovers(
  before: readonly Entry[],
  after: readonly Entry[],
): { readonly added: readonly Entry[]; readonly removed: readonly Entry[] } {
  const [old, next] = [before, after].map(countedByText);
  return {
    added: after.filter((entry) => isBeyond(next, entry, old)),
    removed: before.filter((entry) => isBeyond(old, entry, next)),
  };
}

interface Counted {
  readonly total: ReadonlyMap<string, number>;
  /** Position of an entry among its equals, from 1. */
  readonly ordinal: ReadonlyMap<Entry, number>;
}

function countedByText(entries: readonly Entry[]): Counted {
  const [total, ordinal] = [new Map<string, number>(), new Map<Entry, number>()];
  for (const entry of entries) {
    if (entry.key !== null) continue;
    const count = (total.get(entry.text) ?? 0) + 1;
    total.set(entry.text, count);
    ordinal.set(entry, count);
  }
  return { total, ordinal };
}

function isBeyond(side: Counted | undefined, entry: Entry, other: Counted | undefined): boolean {
  return (side?.ordinal.get(entry) ?? 0) > (other?.total.get(entry.text) ?? 0);
}

/** Features that measure similarity: sources, destinations, and ports or users, attributes, capabilities. */
function features(value: Json): Features {
  if (!isObject(value)) return { all: new Set(), ends: null };
  const targets = strings(value['dst']).map(splitTarget);
  const named = (field: string, label: string): string[] => strings(value[field]).map((item) => `${label} ${item}`);
  const sources = [...named('src', 'src'), ...named('target', 'src')];
  const hosts = [...new Set(targets.map(({ host }) => `dst ${host}`))];
  const all = new Set([
    ...sources,
    ...hosts,
    ...targets.flatMap(({ ports }) => (ports ?? []).map(({ from, to }) => `port ${from}-${to}`)),
    ...['ip', 'users', 'attr', 'accept', 'deny', 'check'].flatMap((field) => named(field, `port ${field}`)),
    ...(isObject(value['app']) ? Object.keys(value['app']).map((name) => `port app ${name}`) : []),
  ]);
  return { all, ends: sources.length > 0 && hosts.length > 0 ? JSON.stringify([sources, hosts.sort()]) : null };
}

function entryChange({ key, path, line, value }: Entry): EntryChange {
  return { key, path, line, value };
}

function entryEdit({ old, next }: EntryPair): EntryEdit {
  return {
    key: next.key,
    path: next.path,
    line: next.line,
    oldPath: old.path,
    oldLine: old.line,
    fields: fieldEdits(old.value, next.value, next.key),
  };
}

function fieldEdits(old: Json, next: Json, key: string | null): readonly FieldEdit[] {
  if (key === null && isObject(old) && isObject(next)) {
    const fields = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
    return fields.flatMap((field) => ruleFieldEdit(field, own(old, field), own(next, field)) ?? []);
  }
  if (isList(old) && isList(next)) return [{ field: 'members', ...listEdit(old, next) }];
  return [{ field: 'value', added: [next], removed: [old] }];
}

function own(object: JsonObject, field: string): Json | undefined {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

/** An empty list is a value here, because a missing list is not the same. */
function ruleFieldEdit(field: string, old: Json | undefined, next: Json | undefined): FieldEdit | undefined {
  if (JSON.stringify(old) === JSON.stringify(next)) return undefined;
  const [before, after] = [old ?? [], next ?? []];
  const areLists =
    isList(before) &&
    isList(after) &&
    [old, next].every((side) => side === undefined || (isList(side) && side.length > 0));
  if (areLists) return { field, ...listEdit(before, after) };
  return { field, added: next === undefined ? [] : [next], removed: old === undefined ? [] : [old] };
}

function listEdit(old: readonly string[], next: readonly string[]): Pick<FieldEdit, 'added' | 'removed'> {
  return { added: without(next, old), removed: without(old, next) };
}

function isList(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((item: Json) => typeof item === 'string');
}
