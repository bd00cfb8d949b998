import type { Severity } from '../../contract/audit-event';
import type { PolicyChange } from '../compare/policy-change';
import type { Model } from '../parse/model';
import { clip } from '../report/clip';

/** One row of the catalogue: a pure function from a change to the evidence for the finding. */
export interface FindingRule {
  readonly id: string;
  readonly severity: Severity;
  /** `counted`: pre-existing cases are counted. `new only`: the finding is about the change itself, so none can be pre-existing. */
  readonly preExisting: 'counted' | 'new only';
  /** The thing, then the change. */
  readonly title: string;
  readonly when: (change: PolicyChange) => readonly Evidence[];
}

export function finding(
  id: string,
  severity: Severity,
  preExisting: FindingRule['preExisting'],
  title: string,
  when: FindingRule['when'],
): FindingRule {
  return { id, severity, preExisting, title, when };
}

interface Place {
  readonly section: string;
  /** On the new side; on the old side when only that has it. */
  readonly path: string;
  /** From 1, on the new side; null when only the old side has it. */
  readonly line: number | null;
}

/** Where the finding is, and what was found there. */
export interface Evidence extends Place {
  readonly evidence: string;
}

/** Maximum items that one evidence lists. */
const MAX_LISTED = 5;

/** `a, b, c and 4 more`. */
export function listed(items: Iterable<string>): string {
  const all = [...new Set(items)];
  const shown = all.slice(0, MAX_LISTED).map((item) => clip(item, 160));
  return all.length > MAX_LISTED ? `${shown.join(', ')} and ${all.length - MAX_LISTED} more` : shown.join(', ');
}

/** One evidence for each place, with the details of all items there. */
export function evidenceByPlace<Item>(
  items: readonly Item[],
  placeOf: (item: Item) => Place,
  detailOf: (item: Item) => string,
): readonly Evidence[] {
  const places = new Map<string, { readonly place: Place; readonly details: string[] }>();
  for (const item of items) {
    const place = placeOf(item);
    const known = places.get(place.path);
    if (known === undefined) places.set(place.path, { place, details: [detailOf(item)] });
    else known.details.push(detailOf(item));
  }
  return [...places.values()].map(({ place: { section, path, line }, details }) => ({
    section,
    path,
    line,
    evidence: listed(details),
  }));
}

/** Evidence about a section as a whole. */
export function sectionEvidence(section: string, evidence: string, line: number | null = null): Evidence {
  return { section, path: section, line, evidence };
}

/** The line of a section; null when it is missing. */
export function lineOfSection({ policy }: Model, section: string): number | null {
  return policy.sections.get(section)?.line ?? null;
}
