import { OTHER_ACTIONS } from '../contract/backfill';
import type { EncodedEvent } from '../domain/event';
import type { Millis } from '../domain/time';

/** Counts of one page. Grows while the page is read. */
export interface Tally {
  /** Records read. */
  fetched: number;
  /** Events left out because they were published before. */
  duplicates: number;
  /** Events that the bus accepted. */
  emitted: number;
  /** Events and raw records in quarantine. */
  quarantined: number;
  /** Records with fields or values that the connector does not know. */
  drifted: number;
  /** Milliseconds between event time and now of the latest of the late records; 0: none was late. */
  latestMs: number;
  /** The newest event time; null: no record had a plausible one. */
  lastEventAt: Millis | null;
  /** Rules of expected activity that matched. */
  readonly matchedRules: Set<string>;
  /** Accepted events by action; policy diffs by a word of their own. */
  readonly byAction: Map<string, number>;
  readonly bySeverity: Map<string, number>;
}

/** The catalog has fewer actions; the words of an unknown vocabulary could be any number. */
const MAX_ACTIONS = 300;
/** Characters of an action. */
const MAX_ACTION = 100;

export const createTally = (): Tally => ({
  fetched: 0,
  duplicates: 0,
  emitted: 0,
  quarantined: 0,
  drifted: 0,
  latestMs: 0,
  lastEventAt: null,
  matchedRules: new Set(),
  byAction: new Map(),
  bySeverity: new Map(),
});

/** Counts an event that the bus accepted. */
export function countEmitted(
  tally: Tally,
  { countedAs, severity }: Pick<EncodedEvent, 'countedAs' | 'severity'>,
): void {
  tally.emitted += 1;
  const action = countedAs.slice(0, MAX_ACTION);
  addTo(tally.byAction, tally.byAction.has(action) || tally.byAction.size < MAX_ACTIONS ? action : OTHER_ACTIONS);
  addTo(tally.bySeverity, severity);
}

function addTo(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
