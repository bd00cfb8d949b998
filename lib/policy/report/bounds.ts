import { clip } from './clip';
import type { Json } from '../parse/hujson';
import type { EntryChange, EntryEdit, FieldEdit, SectionDiff } from '../compare/semantic-diff';

/** Entries of one list of the result. */
export const MAX_ENTRIES = 100;
/** Members that one field names as added or removed. */
export const MAX_MEMBERS = 100;
/** Bytes of JSON that all sections together take. */
export const MAX_SECTION_BYTES = 48 * 1024;

/** A list that is not shown whole. */
export interface Cut {
  /** Where in the result: `sections.groups.added`. */
  readonly path: string;
  readonly shown: number;
  readonly total: number;
}

/** The first entries, and the cut if there were more. */
export function firstEntries<Item>(
  items: readonly Item[],
  path: string,
  cuts: Cut[],
  most = MAX_ENTRIES,
): readonly Item[] {
  if (items.length <= most) return items;
  cuts.push({ path, shown: most, total: items.length });
  return items.slice(0, most);
}

/** Sections within their bounds. What is left out is said in `cuts`. */
export function boundSections(sections: readonly SectionDiff[], cuts: Cut[]): readonly SectionDiff[] {
  let room = MAX_SECTION_BYTES;

  function fitting<Item>(
    items: readonly Item[],
    path: string,
    bound: (item: Item, path: string) => Item,
  ): readonly Item[] {
    const shown: Item[] = [];
    for (const item of items.slice(0, MAX_ENTRIES)) {
      const bounded = bound(item, path);
      const size = Buffer.byteLength(JSON.stringify(bounded)) + 1;
      if (size > room) break;
      room -= size;
      shown.push(bounded);
    }
    if (shown.length < items.length) cuts.push({ path, shown: shown.length, total: items.length });
    return shown;
  }

  function change(entry: EntryChange, path: string): EntryChange {
    const { value } = entry;
    return {
      ...entry,
      key: clippedKey(entry.key),
      value: Array.isArray(value) ? firstEntries<Json>(value, `${path}.value`, cuts, MAX_MEMBERS) : value,
    };
  }

  function edit(entry: EntryEdit, path: string): EntryEdit {
    return {
      ...entry,
      key: clippedKey(entry.key),
      fields: entry.fields.map((field) => fieldEdit(field, `${path}.fields`)),
    };
  }

  function fieldEdit({ field, added, removed }: FieldEdit, path: string): FieldEdit {
    return {
      field: clip(field),
      added: firstEntries(added, `${path}.added`, cuts, MAX_MEMBERS),
      removed: firstEntries(removed, `${path}.removed`, cuts, MAX_MEMBERS),
    };
  }

  const shown = sections.slice(0, MAX_ENTRIES).map((diff): SectionDiff => {
    const section = clip(diff.section);
    const path = `sections.${section}`;
    return {
      ...diff,
      section,
      added: fitting(diff.added, `${path}.added`, change),
      removed: fitting(diff.removed, `${path}.removed`, change),
      changed: fitting(diff.changed, `${path}.changed`, edit),
    };
  });
  if (shown.length < sections.length) cuts.push({ path: 'sections', shown: shown.length, total: sections.length });
  return shown;
}

function clippedKey(key: string | null): string | null {
  return key === null ? null : clip(key);
}
