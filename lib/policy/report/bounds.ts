import { clip } from './clip';
import type { Json } from '../parse/hujson';
import type { EntryChange, EntryEdit, SectionDiff } from '../compare/semantic-diff';

/** Maximum entries of one list of the result. */
const MAX_ENTRIES = 100;
/** Maximum added or removed members of one field. */
const MAX_MEMBERS = 100;
/** Maximum bytes of JSON of all sections together. */
const MAX_SECTION_BYTES = 48 * 1024;

/** An incomplete list of the result. */
export interface Cut {
  /** `sections.groups.added`. */
  readonly path: string;
  readonly shown: number;
  readonly total: number;
}

/** The first entries. Adds a cut when there are more. */
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

/** The sections within their bounds. Adds a cut for each list that is incomplete. */
export function boundSections(sections: readonly SectionDiff[], cuts: Cut[]): readonly SectionDiff[] {
  let bytesLeft = MAX_SECTION_BYTES;

  function fitting<Item>(
    items: readonly Item[],
    path: string,
    bound: (item: Item, path: string) => Item,
  ): readonly Item[] {
    const shown: Item[] = [];
    for (const item of items.slice(0, MAX_ENTRIES)) {
      const bounded = bound(item, path);
      const size = Buffer.byteLength(JSON.stringify(bounded)) + 1;
      if (size > bytesLeft) break;
      bytesLeft -= size;
      shown.push(bounded);
    }
    if (shown.length < items.length) cuts.push({ path, shown: shown.length, total: items.length });
    return shown;
  }

  const members = (items: readonly Json[], path: string): readonly Json[] =>
    firstEntries(items, path, cuts, MAX_MEMBERS);

  const boundChange = (entry: EntryChange, path: string): EntryChange => ({
    ...entry,
    key: entry.key === null ? null : clip(entry.key),
    value: Array.isArray(entry.value) ? members(entry.value, `${path}.value`) : entry.value,
  });

  const boundEdit = (entry: EntryEdit, path: string): EntryEdit => ({
    ...entry,
    key: entry.key === null ? null : clip(entry.key),
    fields: entry.fields.map(({ field, added, removed }) => ({
      field: clip(field),
      added: members(added, `${path}.fields.added`),
      removed: members(removed, `${path}.fields.removed`),
    })),
  });

  const shown = sections.slice(0, MAX_ENTRIES).map((diff): SectionDiff => {
    const section = clip(diff.section);
    const path = `sections.${section}`;
    return {
      ...diff,
      section,
      added: fitting(diff.added, `${path}.added`, boundChange),
      removed: fitting(diff.removed, `${path}.removed`, boundChange),
      changed: fitting(diff.changed, `${path}.changed`, boundEdit),
    };
  });
  if (shown.length < sections.length) cuts.push({ path: 'sections', shown: shown.length, total: sections.length });
  return shown;
}
