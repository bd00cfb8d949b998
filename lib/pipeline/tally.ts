import { OTHER_ACTIONS, POLICY_DIFF } from '../contract/backfill';
import type { NormalizedEvent } from '../events/normalize';

/** What became of a page's records. Grows while the page is read. */
export interface Tally {
  /** Records read. */
  fetched: number;
  /** Events left out because they were published before. */
  duplicates: number;
  /** Events that the bus accepted. */
  emitted: number;
  /** Events and raw records that went into quarantine. */
  quarantined: number;
  /** Events with fields or values that are not known. */
  drifted: number;
  /** Milliseconds by which the latest of the late records came after its event time; 0: none was late. */
  latestMs: number;
  /** Accepted events by action; policy diffs apart. */
  readonly byAction: Map<string, number>;
  readonly bySeverity: Map<string, number>;
}

/** Actions counted apart. The catalog has fewer; the words of an unknown vocabulary could be any number. */
const MAX_ACTIONS = 300;
/** Characters of one. */
const MAX_ACTION = 100;

export const createTally = (): Tally => ({
  fetched: 0,
  duplicates: 0,
  emitted: 0,
  quarantined: 0,
  drifted: 0,
  latestMs: 0,
  byAction: new Map(),
  bySeverity: new Map(),
});

/** Counts an event that the bus accepted. */
export function countEmitted(tally: Tally, { detail }: Pick<NormalizedEvent, 'detail'>): void {
  tally.emitted += 1;
  const action = detail.stream === 'policy-diff' ? POLICY_DIFF : detail.action.slice(0, MAX_ACTION);
  addTo(tally.byAction, tally.byAction.has(action) || tally.byAction.size < MAX_ACTIONS ? action : OTHER_ACTIONS);
  addTo(tally.bySeverity, detail.severity);
}

function addTo(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
