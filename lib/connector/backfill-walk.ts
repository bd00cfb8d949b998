import { OTHER_ACTIONS, POLICY_DIFF } from '../contract/backfill';
import { SEEN_LIFE_DAYS } from '../contract/timing';
import { seenBucket } from '../events/event-time';
import type { NormalizedEvent } from '../events/normalize';
import type { BackfillCounts, BackfillJob, BackfillPlace } from './backfill-ports';
import type { AuditLogPage, Inflight, Millis, Window } from './ports';
import type { PublishedPage, Walk } from './walk';
import { begin, MAX_WINDOW_MS, nextPage, RETENTION_MS, restart } from './window';

/** A job's start is cut to what can be read when it is planned; for so long after it, nothing is given up. */
const PATIENCE_MS = 60 * 60_000;

const SEEN_LIFE_MS = SEEN_LIFE_DAYS * 24 * 60 * 60_000;

/** Actions counted apart. The catalog has fewer; the words of an unknown vocabulary could be any number. */
const MAX_ACTIONS = 300;
/** Characters of one. */
const MAX_ACTION = 100;

export const NOTHING_COUNTED: BackfillCounts = { fetched: 0, emitted: 0, duplicates: 0, covered: 0, quarantined: 0, byAction: {}, bySeverity: {} };

/** What live polling knows that an event's mark alone does not say. */
export interface LiveRecord {
  readonly startFrom: Millis;
  readonly watermark: Millis;
  /** Before it the log was read in the other dialect, under other ids. */
  readonly idFloor: Millis | null;
  /** What it knows to be lost. */
  readonly gaps: readonly Window[];
}

/** The place behind what Tailscale no longer keeps: asked for, it would come back as empty, as if there had been nothing. */
export function withinRetention(place: BackfillPlace, slice: Window, now: Millis): BackfillPlace {
  const edge = now - RETENTION_MS;
  if (place.inflight !== null || place.readTo >= slice.until || place.readTo >= edge - PATIENCE_MS) return place;
  const readTo = Math.min(edge, slice.until);
  return { ...place, readTo, unread: [...place.unread, { from: place.readTo, until: readTo }] };
}

/** The window of a slice to read next; null: the slice is read. Its end is cut off as live polling's windows are. */
export function planBackfillWindow({ readTo, inflight }: BackfillPlace, slice: Window, { dialect }: Pick<BackfillJob, 'dialect'>): Inflight | null {
  if (inflight !== null) return inflight;
  if (readTo >= slice.until) return null;
  // The audit dialect always reads to now: cut in parts it would read the log's end again for each.
  return begin({ from: readTo, until: dialect === 'audit' ? slice.until : Math.min(slice.until, readTo + MAX_WINDOW_MS) });
}

/**
 * Live polling has had an event although no mark says so: the mark's life is over, or it is of the other dialect. In a gap
 * it has not, and outside of what was ever read neither.
 */
export function isCovered({ time, seen }: NormalizedEvent, { startFrom, watermark, idFloor, gaps }: LiveRecord, now: Millis): boolean {
  if (seenBucket(time) !== seen.bucket || time < startFrom || time >= watermark) return false;
  const isForgotten = time < now - SEEN_LIFE_MS || (idFloor !== null && time < idFloor);
  return isForgotten && !gaps.some(({ from, until }) => time >= from && time < until);
}

/** A window of a backfill. Half-open by the events' own time, so that no event is two slices'. */
export function backfillWalk(window: Inflight, { force, dryRun }: Pick<BackfillJob, 'force' | 'dryRun'>, live: LiveRecord, now: Millis): Walk<Inflight, BackfillPlace> {
  return {
    mode: 'backfill',
    window,
    // An event whose entry does not carry its own time has none that could be compared.
    takes: ({ time, seen }) => seenBucket(time) !== seen.bucket || time < window.until,
    covers: (event) => !force && isCovered(event, live, now),
    behind(place, current, page, published) {
      if (published.unsent.length > 0) return place;
      const counts = countPage(place.counts, page, published, dryRun);
      return page.cursor === null
        ? { ...place, counts, readTo: current.until, inflight: null }
        : { ...place, counts, inflight: nextPage(current, page, current.asOf ?? page.asOf) };
    },
    // What is left of the page comes again, and with it what was left out of it.
    stopped: (place, published) => ({ ...place, counts: countPublished(place.counts, published, dryRun) }),
    restarted: (place, current) => ({ ...place, inflight: restart(current) }),
    in: (place) => place.inflight,
  };
}

function countPage(counts: BackfillCounts, page: AuditLogPage, published: PublishedPage, dryRun: boolean): BackfillCounts {
  const { fetched, duplicates, covered, ...rest } = countPublished(counts, published, dryRun);
  return { ...rest, fetched: fetched + page.records.length, duplicates: duplicates + published.duplicates, covered: covered + published.covered };
}

function countPublished(counts: BackfillCounts, { accepted, quarantined }: PublishedPage, dryRun: boolean): BackfillCounts {
  const byAction = new Map(Object.entries(counts.byAction));
  const bySeverity = new Map(Object.entries(counts.bySeverity));
  for (const { detail } of accepted) {
    const action = detail.stream === 'policy-diff' ? POLICY_DIFF : detail.action.slice(0, MAX_ACTION);
    add(byAction, byAction.has(action) || byAction.size < MAX_ACTIONS ? action : OTHER_ACTIONS);
    add(bySeverity, detail.severity);
  }
  return {
    ...counts,
    emitted: counts.emitted + (dryRun ? 0 : accepted.length),
    quarantined: counts.quarantined + (dryRun ? 0 : quarantined),
    byAction: Object.fromEntries(byAction),
    bySeverity: Object.fromEntries(bySeverity),
  };
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The totals of several slices. */
export function sumCounts(all: readonly BackfillCounts[]): BackfillCounts {
  const sum = (of: (counts: BackfillCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
  const merge = (of: (counts: BackfillCounts) => Readonly<Record<string, number>>) => {
    const merged = new Map<string, number>();
    for (const counts of all) for (const [name, count] of Object.entries(of(counts))) merged.set(name, (merged.get(name) ?? 0) + count);
    return Object.fromEntries(merged);
  };
  return {
    fetched: sum(({ fetched }) => fetched),
    emitted: sum(({ emitted }) => emitted),
    duplicates: sum(({ duplicates }) => duplicates),
    covered: sum(({ covered }) => covered),
    quarantined: sum(({ quarantined }) => quarantined),
    byAction: merge(({ byAction }) => byAction),
    bySeverity: merge(({ bySeverity }) => bySeverity),
  };
}
