import type { Severity } from '../../contract/audit-event';
import { clip } from '../report/clip';
import type { PolicyChange } from '../compare/policy-change';

/** One row of the catalogue: a pure predicate over what a change brought in. */
export interface FindingRule {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  /** Whether what it finds can also simply be there: then it is counted where it was there before. */
  readonly standing: boolean;
  readonly when: (change: PolicyChange) => readonly Evidence[];
}

/** Where something stands, and what it says. */
export interface Evidence {
  readonly section: string;
  /** On the new side; on the old side where only that has it. */
  readonly path: string;
  /** From 1, on the new side; null where only the old side has it. */
  readonly line: number | null;
  readonly evidence: string;
}

interface Place {
  readonly path: string;
  readonly line: number | null;
}

/** Items of one evidence that are written out. */
const MAX_LISTED = 5;

/** `a, b, c and 4 more`. */
export function listed(items: Iterable<string>): string {
  const all = [...new Set(items)];
  const shown = all.slice(0, MAX_LISTED).map((item) => clip(item, 160));
  return all.length > MAX_LISTED ? `${shown.join(', ')} and ${all.length - MAX_LISTED} more` : shown.join(', ');
}

/** One piece of evidence for each place, however many details were found there. */
export function byPlace<Item>(
  section: string | ((item: Item) => string),
  items: readonly Item[],
  place: (item: Item) => Place,
  detail: (item: Item) => string,
): readonly Evidence[] {
  const places = new Map<string, { readonly first: Item; readonly details: string[] }>();
  for (const item of items) {
    const known = places.get(place(item).path);
    if (known === undefined) places.set(place(item).path, { first: item, details: [detail(item)] });
    else known.details.push(detail(item));
  }
  return [...places.values()].map(({ first, details }) => {
    const { path, line } = place(first);
    return { section: typeof section === 'string' ? section : section(first), path, line, evidence: listed(details) };
  });
}

/** Finds something of a change once, however many findings ask for it. */
export function oncePerChange<Found>(find: (change: PolicyChange) => Found): (change: PolicyChange) => Found {
  const known = new WeakMap<PolicyChange, { readonly found: Found }>();
  return (change) => {
    const before = known.get(change) ?? { found: find(change) };
    known.set(change, before);
    return before.found;
  };
}
