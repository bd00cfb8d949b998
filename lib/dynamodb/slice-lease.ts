import { ConnectorError } from '../domain/errors';
import type { SliceCheckpoint, LiveStanding } from '../domain/backfill';
import type { SliceLease } from '../ports/backfills';
import type { Millis } from '../domain/time';
import type { CommitOptions } from '../ports/checkpoints';
import type { Clock, Deadline } from '../domain/deadline';
import { BACKFILL_LEASE_SECONDS } from '../contract/backfill';
import type { ConnectorItems } from './connector-items';
import { parseSlice, type SliceItem } from './items';
import { LEASE_SLACK_MS } from './lease';
import type { Ledger } from './ledger';
import { createPublishedIds } from './published-ids';
import { reaching, type Table } from './table';
import { suspectsOf, toWorking } from './working';

/** Milliseconds a job is kept after its last commit: as long as anything of its range could be read. */
export const SLICE_LIFE_MS = 100 * 24 * 60 * 60_000;

/**
 * When a lease that is taken or lengthened now ends. Much earlier than an invocation of a quarter of an hour would: what
 * follows a killed one waits for it.
 */
export function leaseEnd(now: Millis, deadline: Deadline): Millis {
  return now + Math.min(BACKFILL_LEASE_SECONDS * 1000, deadline.remaining() + LEASE_SLACK_MS);
}

export interface SliceLeaseDeps {
  readonly items: ConnectorItems;
  readonly ledger: Ledger;
  readonly table: Table;
  readonly connector: string;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly newCommitId: () => string;
  readonly standing: LiveStanding;
  readonly sk: string;
  readonly slice: SliceItem;
}

/** A run's hold on a slice, from the moment it has the lease. */
export function createSliceLease({
  items,
  ledger,
  table,
  connector,
  clock,
  deadline,
  newCommitId,
  standing,
  sk,
  slice,
}: SliceLeaseDeps): SliceLease {
  const { token } = slice;
  const { readTo, unread, inflight, counts } = slice;
  let checkpoint: SliceCheckpoint = { watermark: standing.watermark, readTo, unread, inflight, counts };
  let revision = slice.rev;
  const suspects = suspectsOf(slice.working);
  // A slice may wait long for Tailscale without a write of its own.
  const heartbeat = setInterval(
    () => void renewLease().catch(() => undefined),
    (BACKFILL_LEASE_SECONDS * 1000) / 3,
  ).unref();
  const newSeenIds = () => createPublishedIds({ table, connector, clock, deadline });
  let publishedIds = newSeenIds();

  async function commit(next: SliceCheckpoint, { release, notBefore, stuckOn }: CommitOptions): Promise<void> {
    const commitId = newCommitId();
    const now = clock.now();
    const written = await items.update(sk, {
      set: [
        '#readTo = :readTo',
        '#unread = :unread',
        '#inflight = :inflight',
        '#counts = :counts',
        '#rev = :next',
        '#lastCommitId = :commitId',
        '#updatedAt = :now',
        '#leaseUntil = :leaseUntil',
        '#exp = :exp',
        ...(notBefore === undefined ? [] : ['#notBefore = :notBefore']),
        ...(stuckOn === undefined ? [] : ['#working = :working']),
      ],
      remove: [...(notBefore === undefined ? ['#notBefore'] : []), ...(stuckOn === undefined ? ['#working'] : [])],
      when: '#token = :token AND #rev = :rev',
      values: {
        readTo: next.readTo,
        unread: next.unread,
        inflight: next.inflight,
        counts: next.counts,
        token,
        rev: revision,
        next: revision + 1,
        commitId,
        now,
        leaseUntil: release === undefined ? leaseEnd(now, deadline) : 0,
        exp: Math.ceil((now + SLICE_LIFE_MS) / 1000),
        ...(notBefore === undefined ? {} : { notBefore }),
        ...(stuckOn === undefined ? {} : { working: toWorking([stuckOn], suspects.get(stuckOn) ?? 0) }),
      },
    });
    if (written === 'refused' && !(await wasOurs(commitId))) throw leaseLost();
    revision += 1;
    checkpoint = next;
    if (release !== undefined) clearInterval(heartbeat);
  }

  /** The write may have been applied although its answer was lost; a retry of it is refused then. */
  async function wasOurs(commitId: string): Promise<boolean> {
    const item = await items.get(sk);
    return item !== undefined && parseSlice(item).lastCommitId === commitId;
  }

  const renewLease = () =>
    items.update(sk, {
      set: ['#leaseUntil = :leaseUntil'],
      when: '#token = :token',
      values: { leaseUntil: leaseEnd(clock.now(), deadline), token },
    });

  async function noteWork(records: readonly string[], deaths: number): Promise<void> {
    const written = await items.update(sk, {
      set: ['#working = :working', '#leaseUntil = :leaseUntil'],
      when: '#token = :token',
      values: { working: toWorking(records, deaths), leaseUntil: leaseEnd(clock.now(), deadline), token },
    });
    if (written === 'refused') throw leaseLost();
  }

  return {
    installation: standing.installation,
    suspects,
    get checkpoint() {
      return checkpoint;
    },
    seen: (buckets) =>
      reaching(table, () => {
        // Anew for every page: live polling publishes meanwhile, and a range of months must not be held in memory.
        publishedIds = newSeenIds();
        return publishedIds.load(buckets);
      }),
    noteWork: (records, deaths) => reaching(table, () => noteWork(records, deaths)),
    markPublished: (elements) => reaching(table, () => publishedIds.mark(elements)),
    // Live polling has fixed the key; the rest is its own to fix.
    fixTailnet: () => Promise.resolve(),
    commit: (next, options = {}) => reaching(table, () => commit(next, options)),
    release: () =>
      reaching(table, async () => {
        clearInterval(heartbeat);
        await items.update(sk, { set: ['#leaseUntil = :zero'], when: '#token = :token', values: { token, zero: 0 } });
      }),
    recordQuarantine: (entry) => reaching(table, () => ledger.recordQuarantine(entry)),
  };
}

function leaseLost(): ConnectorError {
  return new ConnectorError(
    'LEASE_LOST',
    'another invocation took this slice over; this one stops, and the other continues',
  );
}
