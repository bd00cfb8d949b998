import { entryTime } from '../events/records/event-time';
import type { BackfillCounts, BackfillJob, SliceCheckpoint } from '../domain/backfill';
import type { Inflight } from '../domain/checkpoint';
import { DIALECTS } from '../domain/dialect';
import type { Millis, Window } from '../domain/time';
import type { Tally } from '../pipeline/tally';
import type { WindowReader } from '../pipeline/window-reader';
import { RETENTION_MS } from '../domain/time';
import { begin, MAX_WINDOW_MS, nextPage, restart } from '../pipeline/plan';

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
export function withinRetention(checkpoint: SliceCheckpoint, slice: Window, now: Millis): SliceCheckpoint {
  const edge = now - RETENTION_MS;
  if (checkpoint.inflight !== null || checkpoint.readTo >= slice.until || checkpoint.readTo >= edge - PATIENCE_MS)
    return checkpoint;
  const readTo = Math.min(edge, slice.until);
  return { ...checkpoint, readTo, unread: [...checkpoint.unread, { from: checkpoint.readTo, until: readTo }] };
}

/** The window of a slice to read next; null: the slice is read. Its end is cut off as live polling's windows are. */
export function planBackfillWindow(
  { readTo, inflight }: SliceCheckpoint,
  slice: Window,
  { dialect }: Pick<BackfillJob, 'dialect'>,
): Inflight | null {
  if (inflight !== null) return inflight;
  if (readTo >= slice.until) return null;
  // A dialect without an end always reads to now: cut in parts it would read the log's end again for each.
  return begin({
    from: readTo,
    until: DIALECTS[dialect].hasEnd ? Math.min(slice.until, readTo + MAX_WINDOW_MS) : slice.until,
  });
}

/** A window of a backfill. Half-open by the events' own time, so that no event is two slices'. */
export function sliceReader(
  window: Inflight,
  { dryRun }: Pick<BackfillJob, 'dryRun'>,
  now: Millis,
): WindowReader<Inflight, SliceCheckpoint> {
  return {
    mode: 'backfill',
    window,
    // A record without a time that can be compared is whoever's reads it.
    selects: ({ millis }) => millis === null || entryTime(millis, now) !== millis || millis < window.until,
    next(checkpoint, current, page, tally) {
      const counts = addTally(checkpoint.counts, tally, dryRun);
      return page.cursor === null
        ? { ...checkpoint, counts, readTo: current.until, inflight: null }
        : { ...checkpoint, counts, inflight: nextPage(current, page, current.asOf ?? page.asOf) };
    },
    // The rest of this page is fetched again, so what was read and left out is not counted yet.
    stopped: (checkpoint, tally) => ({
      ...checkpoint,
      counts: addTally(checkpoint.counts, { ...tally, fetched: 0, duplicates: 0 }, dryRun),
    }),
    restarted: (checkpoint, current) => ({ ...checkpoint, inflight: restart(current) }),
    current: (checkpoint) => checkpoint.inflight,
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
