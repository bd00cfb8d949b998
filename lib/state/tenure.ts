import { ConnectorError, type ErrorCode } from '../connector/errors';
import type { Clock, Genesis, Place, Tenure } from '../connector/ports';
import type { ConnectorItems } from './connector-items';
import { parseGenesis, parseState, type GenesisItem, type StateItem } from './items';
import { GENESIS_KEY, STATE_KEY } from './keys';
import type { Ledger } from './ledger';
import type { SeenIds } from './seen-ids';
import { reaching, type Table } from './table';

export interface TenureDeps {
  readonly items: ConnectorItems;
  readonly ledger: Ledger;
  readonly seenIds: SeenIds;
  readonly table: Table;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  readonly genesis: GenesisItem;
  readonly state: StateItem;
}

/** A run's hold on a connector, from the moment it has the lease. */
export function createTenure({ items, ledger, seenIds, table, clock, newCommitId, ...acquired }: TenureDeps): Tenure {
  const { token } = acquired.state;
  let genesis = toGenesis(acquired.genesis);
  let place = toPlace(acquired.state, genesis);
  let revision = acquired.state.rev;
  let failures = acquired.state.failStreak;
  const { lastFailure = null } = acquired.state;

  async function commit(next: Place, { release = false, notBefore }: { release?: boolean; notBefore?: number }): Promise<void> {
    const commitId = newCommitId();
    // A run ends well by giving the lease back; before that, and where it is told to wait, nothing is over yet.
    const endsWell = release && notBefore === undefined;
    const written = await items.update(STATE_KEY, {
      set: [
        '#wm = :wm', '#inflight = :inflight', '#dialect = :dialect', '#idFloor = :idFloor', '#rev = :next',
        '#sweeps = :sweeps', '#lastCommitId = :commitId', '#lastOkAt = :now',
        ...(release ? ['#leaseUntil = :zero'] : []),
        ...(endsWell ? ['#failStreak = :zero'] : []),
        ...(notBefore === undefined ? [] : ['#notBefore = :notBefore']),
      ],
      remove: notBefore === undefined ? ['#notBefore'] : [],
      when: '#token = :token AND #rev = :rev',
      values: {
        wm: next.watermark,
        inflight: next.inflight,
        dialect: next.dialect,
        idFloor: next.idFloor,
        sweeps: next.sweeps,
        token,
        rev: revision,
        next: revision + 1,
        commitId,
        now: clock.now(),
        ...(release ? { zero: 0 } : {}),
        ...(notBefore === undefined ? {} : { notBefore }),
      },
    });
    if (written === 'refused' && !(await wasOurs(commitId))) {
      throw new ConnectorError('LEASE_LOST', 'another run took over, or the watermark was set back; this run stops, the next tick goes on');
    }
    revision += 1;
    if (endsWell) failures = 0;
    place = next;
    if (!genesis.committed) await markGenesisCommitted();
  }

  /** The write may have been applied although its answer was lost; a retry of it is refused then. */
  async function wasOurs(commitId: string): Promise<boolean> {
    const item = await items.get(STATE_KEY);
    return item !== undefined && parseState(item).lastCommitId === commitId;
  }

  async function markGenesisCommitted(): Promise<void> {
    await items.update(GENESIS_KEY, { set: ['#committed = :true'], values: { true: true } });
    genesis = { ...genesis, committed: true };
  }

  async function fixTailnet({ key, id }: { key: string; id: string | null }): Promise<void> {
    const written = await items.update(GENESIS_KEY, {
      set: ['#tailnetKey = if_not_exists(#tailnetKey, :key)', ...(id === null ? [] : ['#tailnetId = if_not_exists(#tailnetId, :id)'])],
      when: 'attribute_exists(#pk)',
      values: { key, ...(id === null ? {} : { id }) },
    });
    if (written === 'refused') throw new ConnectorError('STATE_UNAVAILABLE', 'the GENESIS item is gone; the next tick makes a new one');
    genesis = toGenesis(parseGenesis(written));
  }

  async function fail(code: ErrorCode): Promise<number | null> {
    const written = await items.update(STATE_KEY, {
      // The number itself: a sum would count twice when the answer is lost and the write is sent again.
      set: ['#failStreak = :failures', '#leaseUntil = :zero', '#lastFailure = :code'],
      when: '#token = :token',
      values: { token, failures: failures + 1, zero: 0, code },
    });
    return written === 'refused' ? null : parseState(written).failStreak;
  }

  return {
    get genesis() {
      return genesis;
    },
    get place() {
      return place;
    },
    stateLost: genesis.committed && acquired.state.rev === 0,
    get failStreak() {
      return failures;
    },
    lastFailure,
    seen: (buckets) => reaching(table, () => seenIds.load(buckets)),
    markSeen: (elements) => reaching(table, () => seenIds.mark(elements)),
    fixTailnet: (tailnet) => reaching(table, () => fixTailnet(tailnet)),
    commit: (next, options = {}) => reaching(table, () => commit(next, options)),
    fail: (code) => reaching(table, () => fail(code)),
    recordGap: (gap) => reaching(table, () => ledger.recordGap(gap)),
    recordQuarantine: (entry) => reaching(table, () => ledger.recordQuarantine(entry)),
  };
}

/** Where an attribute is missing, nothing has fixed it yet. */
export function toGenesis({ installedAt, startFrom, tailnetKey, tailnetId, committed }: GenesisItem): Genesis {
  return { installedAt, startFrom, tailnetKey: tailnetKey ?? null, tailnetId: tailnetId ?? null, committed };
}

function toPlace({ wm, inflight, dialect, idFloor, sweeps }: StateItem, { installedAt }: Genesis): Place {
  const unswept = { doneFrom: installedAt, inflight: null };
  return { watermark: wm, inflight, dialect, idFloor, sweeps: sweeps ?? { hourly: unswept, daily: unswept } };
}
