import { BACKFILL_LEASE_SECONDS } from '../contract/backfill';
import type { LiveStanding, SliceCheckpoint } from '../domain/backfill';
import type { Clock, Deadline } from '../domain/deadline';
import type { Millis } from '../domain/time';
import type { SliceLease } from '../ports/backfills';
import type { ConnectorItems } from './connector-items';
import type { SliceItem } from './items';
import { createLeasedCheckpoint, leaseEnd } from './leased-checkpoint';
import type { Ledger } from './ledger';
import type { PublishedIds } from './published-ids';

const LEASE_MS = BACKFILL_LEASE_SECONDS * 1000;

/** Much earlier than the end of an invocation of 15 minutes: the invocation that follows a killed one waits for it. */
export function sliceLeaseEnd(now: Millis, deadline: Deadline): Millis {
  return Math.min(now + LEASE_MS, leaseEnd(now, deadline));
}

export interface SliceLeaseDeps {
  readonly items: ConnectorItems;
  readonly ledger: Ledger;
  readonly openPublishedIds: () => PublishedIds;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly newCommitId: () => string;
  /** When the item expires if it is written now, in epoch seconds. */
  readonly expiry: () => number;
  readonly standing: LiveStanding;
  readonly sk: string;
  /** The item as the lease was taken. */
  readonly slice: SliceItem;
}

/** A slice's checkpoint, leased by one invocation. */
export function createSliceLease({
  items,
  ledger,
  openPublishedIds,
  clock,
  deadline,
  newCommitId,
  expiry,
  standing: { installation, watermark },
  sk,
  slice,
}: SliceLeaseDeps): SliceLease {
  const { readTo, unread, inflight, counts } = slice;
  let publishedIds = openPublishedIds();
  const leased = createLeasedCheckpoint<SliceCheckpoint>({
    items,
    sk,
    acquired: slice,
    checkpoint: { watermark, readTo, unread, inflight, counts },
    newCommitId,
    leaseLost: 'another invocation took this slice over; this one stops, and the other continues',
    renewal: { leaseUntil: () => sliceLeaseEnd(clock.now(), deadline), everyMs: LEASE_MS / 3 },
  });

  return {
    installation,
    suspects: leased.suspects,
    get checkpoint() {
      return leased.checkpoint;
    },
    seen(buckets) {
      // Read anew for every page: live polling publishes meanwhile, and the ids of months must not be held in memory.
      publishedIds = openPublishedIds();
      return publishedIds.load(buckets);
    },
    noteWork: (records, deaths) => leased.noteWork(records, deaths),
    markPublished: (elements) => publishedIds.mark(elements),
    // Live polling fixes the tailnet.
    fixTailnet: () => Promise.resolve(),
    commit: (next, options = {}) =>
      leased.commit(
        next,
        {
          readTo: next.readTo,
          unread: next.unread,
          inflight: next.inflight,
          counts: next.counts,
          updatedAt: clock.now(),
          exp: expiry(),
        },
        options,
      ),
    async release() {
      await leased.release();
    },
    recordQuarantine: ledger.recordQuarantine,
  };
}
