import { entryTime } from '../events/event-time';
import type { BackfillCounts, BackfillJob, BackfillPlace } from './backfill-ports';
import type { Inflight, Millis, Window } from './ports';
import type { Tally } from './tally';
import type { Walk } from './walk';
import { begin, MAX_WINDOW_MS, nextPage, RETENTION_MS, restart } from './window';

/** A job's start is cut to what can be read when it is planned; for so long after it, nothing is given up. */
const PATIENCE_MS = 60 * 60_000;

export const NOTHING_COUNTED: BackfillCounts = {
  fetched: 0,
  emitted: 0,
  duplicates: 0,
  quarantined: 0,
  byAction: {},
  bySeverity: {},
};

/** The place behind what Tailscale no longer keeps: asked for, it would come back as empty, as if there had been nothing. */
export function withinRetention(place: BackfillPlace, slice: Window, now: Millis): BackfillPlace {
  const edge = now - RETENTION_MS;
  if (place.inflight !== null || place.readTo >= slice.until || place.readTo >= edge - PATIENCE_MS) return place;
  const readTo = Math.min(edge, slice.until);
  return { ...place, readTo, unread: [...place.unread, { from: place.readTo, until: readTo }] };
}

/** The window of a slice to read next; null: the slice is read. Its end is cut off as live polling's windows are. */
export function planBackfillWindow(
  { readTo, inflight }: BackfillPlace,
  slice: Window,
  { dialect }: Pick<BackfillJob, 'dialect'>,
): Inflight | null {
  if (inflight !== null) return inflight;
  if (readTo >= slice.until) return null;
  // The audit dialect always reads to now: cut in parts it would read the log's end again for each.
  return begin({
    from: readTo,
    until: dialect === 'audit' ? slice.until : Math.min(slice.until, readTo + MAX_WINDOW_MS),
  });
}

/** A window of a backfill. Half-open by the events' own time, so that no event is two slices'. */
export function backfillWalk(
  window: Inflight,
  { dryRun }: Pick<BackfillJob, 'dryRun'>,
  now: Millis,
): Walk<Inflight, BackfillPlace> {
  return {
    mode: 'backfill',
    window,
    // A record without a time that can be compared is whoever's reads it.
    selects: ({ millis }) => millis === null || entryTime(millis, now) !== millis || millis < window.until,
    next(place, current, page, tally) {
      const counts = addTally(place.counts, tally, dryRun);
      return page.cursor === null
        ? { ...place, counts, readTo: current.until, inflight: null }
        : { ...place, counts, inflight: nextPage(current, page, current.asOf ?? page.asOf) };
    },
    // The rest of this page is fetched again, so what was read and left out is not counted yet.
    stopped: (place, tally) => ({
      ...place,
      counts: addTally(place.counts, { ...tally, fetched: 0, duplicates: 0 }, dryRun),
    }),
    restarted: (place, current) => ({ ...place, inflight: restart(current) }),
    current: (place) => place.inflight,
  };
}

function addTally(
  counts: BackfillCounts,
  { fetched, duplicates, emitted, quarantined, byAction, bySeverity }: Tally,
  dryRun: boolean,
): BackfillCounts {
  const added = { fetched, duplicates, emitted: dryRun ? 0 : emitted, quarantined: dryRun ? 0 : quarantined };
  return sumCounts([
    counts,
    { ...added, byAction: Object.fromEntries(byAction), bySeverity: Object.fromEntries(bySeverity) },
  ]);
}

/** The totals of several slices. */
export function sumCounts(all: readonly BackfillCounts[]): BackfillCounts {
  const sum = (of: (counts: BackfillCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
  const merge = (of: (counts: BackfillCounts) => Readonly<Record<string, number>>) => {
    const merged = new Map<string, number>();
    for (const counts of all)
      for (const [name, count] of Object.entries(of(counts))) merged.set(name, (merged.get(name) ?? 0) + count);
    return Object.fromEntries(merged);
  };
  return {
    fetched: sum(({ fetched }) => fetched),
    emitted: sum(({ emitted }) => emitted),
    duplicates: sum(({ duplicates }) => duplicates),
    quarantined: sum(({ quarantined }) => quarantined),
    byAction: merge(({ byAction }) => byAction),
    bySeverity: merge(({ bySeverity }) => bySeverity),
  };
}
