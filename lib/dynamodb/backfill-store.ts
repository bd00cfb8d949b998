import type { BackfillJob, BackfillSlice, LiveStanding } from '../domain/backfill';
import type { BackfillStore, OpenBackfills, SliceAcquisition } from '../ports/backfills';
import type { Window } from '../domain/time';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import { createSliceLease, leaseEnd, SLICE_LIFE_MS } from './slice-lease';
import { createConnectorItems, type ConnectorItems, type Item } from './connector-items';
import { parseInstallation, parseJob, parseSlice, parseState, type SliceItem } from './items';
import { backfillPartition, INSTALLATION_KEY, ledgerPartition, sliceKey, STATE_KEY, statePartition } from './keys';
import { CLOCK_SKEW_MS } from './lease';
import { createLedger } from './ledger';
import { queryItems } from './query-items';
import { reaching, type Table } from './table';
import { toInstallation } from './live-lease';

export interface BackfillStoreDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly newCommitId: () => string;
}

/** Backfills in the table (pk, sk), in a partition of their own. Live state is read here, and never written. */
export function createBackfillStore({ table, clock, newCommitId }: BackfillStoreDeps): OpenBackfills {
  return (connector, deadline) => {
    const live = createConnectorItems(table, statePartition(connector), deadline);
    const own = createConnectorItems(table, backfillPartition(connector), deadline);
    const ledger = createLedger(createConnectorItems(table, ledgerPartition(connector), deadline));
    async function query(pk: string, prefix: string): Promise<Item[]> {
      const items: Item[] = [];
      for await (const item of queryItems(table, pk, deadline, prefix)) items.push(item);
      return items;
    }

    async function keepJob(job: BackfillJob): Promise<BackfillJob> {
      const { id, ...attributes } = job;
      await own.putNew(id, { ...attributes, exp: Math.ceil((clock.now() + SLICE_LIFE_MS) / 1000) });
      const kept = await own.get(id);
      if (kept === undefined)
        throw new ConnectorError('STATE_UNAVAILABLE', 'the job was written but cannot be read back; try again');
      return toJob(kept);
    }

    async function acquire(
      jobId: string,
      slice: Window & { readonly index: number },
      standing: LiveStanding,
      owner: string,
    ): Promise<SliceAcquisition> {
      const taken = await takeLease(own, sliceKey(jobId, slice.index), slice, owner, clock, deadline);
      if (taken.state !== 'acquired') return taken;
      return {
        state: 'acquired',
        hold: createSliceLease({
          items: own,
          ledger,
          table,
          connector,
          clock,
          deadline,
          newCommitId,
          standing,
          sk: sliceKey(jobId, slice.index),
          slice: taken.slice,
        }),
      };
    }

    const store: BackfillStore = {
      live: () => reaching(table, () => readLive(live)),
      findJob: (jobId) =>
        reaching(table, async () => {
          const found = await own.get(jobId);
          return found && toJob(found);
        }),
      keepJob: (job) => reaching(table, () => keepJob(job)),
      slices: (jobId) =>
        reaching(table, async () =>
          (await query(backfillPartition(connector), `${jobId}#`)).map(toSlice).sort((a, b) => a.index - b.index),
        ),
      acquire: (jobId, slice, standing, owner) => reaching(table, () => acquire(jobId, slice, standing, owner)),
    };
    return store;
  };
}

async function readLive(items: ConnectorItems): Promise<LiveStanding | undefined> {
  const [born, found] = await Promise.all([items.get(INSTALLATION_KEY), items.get(STATE_KEY)]);
  if (born === undefined || found === undefined) return undefined;
  const { wm: watermark, dialect } = parseState(found);
  const installation = parseInstallation(born);
  // A connector that has not run since ids have a key: its next poll makes one.
  return installation.idKey === undefined
    ? undefined
    : { installation: toInstallation(installation, installation.idKey), watermark, dialect };
}

async function takeLease(
  items: ConnectorItems,
  sk: string,
  { index, from, until }: Window & { readonly index: number },
  owner: string,
  clock: Clock,
  deadline: Deadline,
): Promise<
  { readonly state: 'acquired'; readonly slice: SliceItem } | Exclude<SliceAcquisition, { readonly state: 'acquired' }>
> {
  const now = clock.now();
  const nothing = { fetched: 0, emitted: 0, duplicates: 0, quarantined: 0, byAction: {}, bySeverity: {} };
  const written = await items.update(sk, {
    set: [
      '#index = :index',
      '#until = :until',
      '#owner = :owner',
      '#leaseUntil = :leaseUntil',
      '#exp = :exp',
      '#token = if_not_exists(#token, :zero) + :one',
      '#rev = if_not_exists(#rev, :zero)',
      '#readTo = if_not_exists(#readTo, :from)',
      '#counts = if_not_exists(#counts, :nothing)',
      '#startedAt = if_not_exists(#startedAt, :now)',
    ],
    when: '(attribute_not_exists(#leaseUntil) OR #leaseUntil < :past) AND (attribute_not_exists(#notBefore) OR #notBefore <= :now) AND (attribute_not_exists(#readTo) OR #readTo < :until)',
    values: {
      index,
      until,
      from,
      owner,
      nothing,
      now,
      zero: 0,
      one: 1,
      leaseUntil: leaseEnd(now, deadline),
      exp: Math.ceil((now + SLICE_LIFE_MS) / 1000),
      past: now - CLOCK_SKEW_MS,
    },
  });
  if (written !== 'refused') return { state: 'acquired', slice: parseSlice(written) };
  const item = await items.get(sk);
  if (item === undefined) return { state: 'busy' };
  const slice = parseSlice(item);
  // Our own name in it: an earlier try of this very write had worked, and only its answer was lost.
  if (slice.owner === owner) return { state: 'acquired', slice };
  if (slice.readTo >= slice.until) return { state: 'done' };
  return slice.notBefore !== undefined && slice.notBefore > now
    ? { state: 'waiting', until: slice.notBefore }
    : { state: 'busy' };
}

function toJob(item: Item): BackfillJob {
  const { sk: id, ...job } = parseJob(item);
  return { id, ...job };
}

function toSlice(item: Item): BackfillSlice {
  const { index, counts, readTo, until, unread, notBefore = null, startedAt, updatedAt = null } = parseSlice(item);
  return { index, counts, unread, done: readTo >= until, notBefore, startedAt, updatedAt };
}
