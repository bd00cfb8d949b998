import type { BackfillJob, BackfillSlice } from '../domain/backfill';
import type { Clock } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import { DAY, type Millis } from '../domain/time';
import type { OpenBackfills } from '../ports/backfills';
import { createConnectorItems, keyBeginsWith, type Condition, type Item } from './connector-items';
import { readInstallation } from './installation';
import { parseJob, parseSlice, parseState } from './items';
import { backfillPartition, ledgerPartition, publishedPartition, sliceKey, STATE_KEY, statePartition } from './keys';
import { takeLease } from './leased-checkpoint';
import { createLedger } from './ledger';
import { createPublishedIds } from './published-ids';
import { createSliceLease, sliceLeaseEnd } from './slice-lease';
import type { Table } from './table';

export interface BackfillStoreDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly newCommitId: () => string;
}

/** Milliseconds a job is kept after its last commit: as long as Tailscale keeps any record of its range, and slack. */
const JOB_LIFE_MS = 100 * DAY;

const waitIsOver = (now: Millis): Condition => ({
  expression: '(attribute_not_exists(#notBefore) OR #notBefore <= :now)',
  values: { now },
});
const isNotDone = (until: Millis): Condition => ({
  expression: '(attribute_not_exists(#readTo) OR #readTo < :end)',
  values: { end: until },
});

/** Backfills in the table (pk, sk), in their own partition. Reads live state, never writes it. */
export function createBackfillStore({ table, clock, newCommitId }: BackfillStoreDeps): OpenBackfills {
  /** Epoch SECONDS, as DynamoDB's time to live requires. */
  const expiry = () => Math.ceil((clock.now() + JOB_LIFE_MS) / 1000);

  return (connector, deadline) => {
    const open = (pk: string) => createConnectorItems(table, pk, deadline);
    const live = open(statePartition(connector));
    const own = open(backfillPartition(connector));

    return {
      async live() {
        const [installation, state] = await Promise.all([readInstallation(live), live.get(STATE_KEY)]);
        if (installation === undefined || state === undefined) return undefined;
        const { wm: watermark, dialect } = parseState(state);
        return { installation, watermark, dialect };
      },
      async findJob(jobId) {
        const found = await own.get(jobId);
        return found && toJob(found);
      },
      async keepJob({ id, ...job }) {
        await own.putNew(id, { ...job, exp: expiry() });
        const kept = await own.get(id);
        if (kept === undefined)
          throw new ConnectorError('STATE_UNAVAILABLE', 'the job was written but cannot be read back; try again');
        return toJob(kept);
      },
      async slices(jobId) {
        const items = await own.list({ key: keyBeginsWith(`${jobId}#`) });
        return items.map(toSlice).sort((one, other) => one.index - other.index);
      },
      async acquire(jobId, { index, from, until }, standing, owner) {
        const now = clock.now();
        const sk = sliceKey(jobId, index);
        const nothing = { fetched: 0, emitted: 0, duplicates: 0, quarantined: 0, byAction: {}, bySeverity: {} };
        const { taken, item } = await takeLease({
          items: own,
          sk,
          parse: parseSlice,
          owner,
          now,
          leaseUntil: sliceLeaseEnd(now, deadline),
          set: { index, until, exp: expiry() },
          initial: { readTo: from, counts: nothing, startedAt: now },
          when: [waitIsOver(now), isNotDone(until)],
        });
        if (taken) {
          const hold = createSliceLease({
            items: own,
            ledger: createLedger(open(ledgerPartition(connector))),
            openPublishedIds: () => createPublishedIds(open(publishedPartition(connector)), clock),
            clock,
            deadline,
            newCommitId,
            expiry,
            standing,
            sk,
            slice: item,
          });
          return { state: 'acquired', hold };
        }
        if (item !== undefined && item.readTo >= item.until) return { state: 'done' };
        return item?.notBefore !== undefined && item.notBefore > now
          ? { state: 'waiting', until: item.notBefore }
          : { state: 'busy' };
      },
    };
  };
}

function toJob(item: Item): BackfillJob {
  const { sk: id, ...job } = parseJob(item);
  return { id, ...job };
}

function toSlice(item: Item): BackfillSlice {
  const { index, counts, readTo, until, unread, notBefore = null, startedAt, updatedAt = null } = parseSlice(item);
  return { index, counts, unread, done: readTo >= until, notBefore, startedAt, updatedAt };
}
