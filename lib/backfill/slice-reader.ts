import type { BackfillCounts, BackfillJob, SliceCheckpoint } from '../domain/backfill';
import type { Inflight } from '../domain/checkpoint';
import { DIALECTS } from '../domain/dialect';
import { HOUR, RETENTION_MS, type Millis, type Window } from '../domain/time';
import { entryTime } from '../events/records/event-time';
import { begin, MAX_WINDOW_MS, nextPage, restart } from '../pipeline/plan';
import type { Tally } from '../pipeline/tally';
import type { WindowReader } from '../pipeline/window-reader';

/** Milliseconds after its planning for which nothing of a job counts as too old: its start was cut to what can be read. */
const PATIENCE_MS = HOUR;

export const NOTHING_COUNTED: BackfillCounts = {
  fetched: 0,
  emitted: 0,
  duplicates: 0,
  quarantined: 0,
  byAction: {},
  bySeverity: {},
};

/** The checkpoint after what Tailscale no longer keeps: asked for, it would come back as empty, as if nothing had happened. */
export function withinRetention(checkpoint: SliceCheckpoint, slice: Window, now: Millis): SliceCheckpoint {
  const edge = now - RETENTION_MS;
  const { inflight, readTo, unread } = checkpoint;
  if (inflight !== null || readTo >= slice.until || readTo >= edge - PATIENCE_MS) return checkpoint;
  const skippedTo = Math.min(edge, slice.until);
  return { ...checkpoint, readTo: skippedTo, unread: [...unread, { from: readTo, until: skippedTo }] };
}

/** The window of a slice to read next; null: the slice is read. */
export function planSliceWindow(
  { readTo, inflight }: SliceCheckpoint,
  slice: Window,
  { dialect }: Pick<BackfillJob, 'dialect'>,
): Inflight | null {
  if (inflight !== null) return inflight;
  if (readTo >= slice.until) return null;
  // A dialect without an end always reads to now: cut in parts it would read the log's end again for each.
  const until = DIALECTS[dialect].hasEnd ? Math.min(slice.until, readTo + MAX_WINDOW_MS) : slice.until;
  return begin({ from: readTo, until });
}

/** A window of a backfill. Half-open by the events' own time, so that no event belongs to two slices. */
export function sliceReader(
  window: Inflight,
  { dryRun }: Pick<BackfillJob, 'dryRun'>,
  now: Millis,
): WindowReader<Inflight, SliceCheckpoint> {
  return {
    mode: 'backfill',
    window,
    // A record without a comparable time belongs to every window that reads it.
    selects: ({ millis }) => millis === null || entryTime(millis, now) !== millis || millis < window.until,
    pageRead: () => undefined,
    after(checkpoint, current, step) {
      const next = { ...checkpoint };
      switch (step.kind) {
        case 'page': {
          const { page, tally } = step;
          next.counts = addTally(checkpoint.counts, tally, dryRun);
          next.inflight = page.cursor === null ? null : nextPage(current, page, current.asOf ?? page.asOf);
          if (page.cursor === null) next.readTo = current.until;
          break;
        }
        case 'stopped':
          // The rest of this page is fetched again, so its records and duplicates are not counted yet.
          next.counts = addTally(checkpoint.counts, { ...step.tally, fetched: 0, duplicates: 0 }, dryRun);
          break;
        case 'restarted':
          next.inflight = restart(current);
      }
      return { checkpoint: next, window: next.inflight };
    },
  };
}

function addTally(counts: BackfillCounts, tally: Tally, dryRun: boolean): BackfillCounts {
  const { fetched, duplicates, emitted, quarantined, byAction, bySeverity } = tally;
  return sumCounts([
    counts,
    {
      fetched,
      duplicates,
      emitted: dryRun ? 0 : emitted,
      quarantined: dryRun ? 0 : quarantined,
      byAction: Object.fromEntries(byAction),
      bySeverity: Object.fromEntries(bySeverity),
    },
  ]);
}

/** The totals of several slices. */
export function sumCounts(all: readonly BackfillCounts[]): BackfillCounts {
  const sum = (of: (counts: BackfillCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
  const merge = (of: (counts: BackfillCounts) => Readonly<Record<string, number>>) => {
    const merged = new Map<string, number>();
    for (const [name, count] of all.flatMap((counts) => Object.entries(of(counts))))
      merged.set(name, (merged.get(name) ?? 0) + count);
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
