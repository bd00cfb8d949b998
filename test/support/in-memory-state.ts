import { ConnectorError } from '../../lib/connector/errors';
import type { Clock, Deadline, Genesis, Millis, Place, StateStore, Tenure } from '../../lib/connector/ports';
import { NoAnswer, type Call, type Io } from './in-memory-io';
import { createInMemorySeen } from './in-memory-seen';
import type { ConnectorItems, InMemoryTable, StateItem } from './in-memory-table';

/** As lib/state has them; the contract tests hold both to the same. */
const FIRST_RUN_MS = 5 * 60_000;
const LEASE_SLACK_MS = 5_000;
const CLOCK_SKEW_MS = 10_000;

export interface InMemoryStateDeps {
  readonly table: InMemoryTable;
  readonly clock: Clock;
  readonly io: Io;
  readonly newCommitId: () => string;
}

/** One request to the table. */
export type Ask = <Answer>(name: string, kind: 'read' | 'write' | 'closing' | 'closing read', effect: () => Answer, about?: string) => Promise<Answer>;

/** Live state whose table is in memory: the same requests, conditions and answers as lib/state. */
export function createInMemoryState({ table, clock, io, newCommitId }: InMemoryStateDeps): StateStore {
  return {
    async acquire(connector, runId, deadline) {
      const ask = createAsk(io, deadline);
      const items = () => table.of(connector);
      const genesis = await findGenesis(ask, items, clock);
      const lease = await takeLease(ask, items, runId, genesis.startFrom, clock, deadline);
      if (!lease.taken) {
        const waiting = (lease.state?.notBefore ?? 0) > clock.now();
        return { state: waiting ? 'waiting' : 'busy', watermark: lease.state?.wm ?? null };
      }
      return { state: 'acquired', tenure: createTenure({ table, connector, runId, ask, clock, newCommitId, genesis, state: lease.state }) };
    },
  };
}

function createAsk(io: Io, deadline: Deadline): Ask {
  return async (name, kind, effect, about = '') => {
    const call: Call = { service: 'state', name, about, writes: !kind.endsWith('read'), closing: kind.startsWith('closing'), limitMs: 20_000, deadline };
    try {
      return await io(call, effect);
    } catch (error) {
      throw error instanceof NoAnswer ? new ConnectorError('STATE_UNAVAILABLE', 'the table could not be reached') : error;
    }
  };
}

async function findGenesis(ask: Ask, items: () => ConnectorItems, clock: Clock): Promise<Genesis> {
  const found = await ask('get GENESIS', 'read', () => items().genesis);
  if (found !== undefined) return found;
  const installedAt = clock.now();
  const genesis: Genesis = { installedAt, startFrom: installedAt - FIRST_RUN_MS, tailnetKey: null, tailnetId: null, committed: false };
  return ask('put GENESIS', 'closing', () => (items().genesis ??= genesis));
}

type Lease = { readonly taken: true; readonly state: StateItem } | { readonly taken: false; readonly state: StateItem | undefined };

async function takeLease(ask: Ask, items: () => ConnectorItems, runId: string, startFrom: Millis, clock: Clock, deadline: Deadline): Promise<Lease> {
  const now = clock.now();
  const leaseUntil = now + deadline.remaining() + LEASE_SLACK_MS;
  const taken = await ask('ACQUIRE', 'closing', () => {
    const { state } = items();
    const fresh: StateItem = { token: 0, owner: runId, leaseUntil, rev: 0, wm: startFrom, failStreak: 0, lastFailure: null, lastCommitId: null, notBefore: null, place: null };
    const isFree = state === undefined || (state.leaseUntil < now - CLOCK_SKEW_MS && (state.notBefore ?? 0) <= now);
    if (!isFree) return undefined;
    const { token } = state ?? fresh;
    return (items().state = { ...(state ?? fresh), owner: runId, leaseUntil, token: token + 1 });
  }, runId);
  if (taken !== undefined) return { taken: true, state: taken };
  const state = await ask('get STATE', 'closing read', () => items().state);
  return state?.owner === runId ? { taken: true, state } : { taken: false, state };
}

interface TenureDeps {
  readonly table: InMemoryTable;
  readonly connector: string;
  readonly runId: string;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  readonly genesis: Genesis;
  readonly state: StateItem;
}

function createTenure({ table, connector, runId, ask, clock, newCommitId, ...acquired }: TenureDeps): Tenure {
  const { token } = acquired.state;
  const items = () => table.of(connector);
  const seen = createInMemorySeen({ table, connector, runId, ask, clock });
  let { genesis } = acquired;
  let place = toPlace(acquired.state, genesis);
  let revision = acquired.state.rev;
  let failures = acquired.state.failStreak;

  async function commit(next: Place, { release = false, notBefore }: { release?: boolean; notBefore?: Millis }): Promise<void> {
    const commitId = newCommitId();
    const { watermark: wm, ...rest } = next;
    const endsWell = release && notBefore === undefined;
    const applied = await ask('COMMIT', 'closing', () => {
      const before = items().state;
      if (before?.token !== token || before.rev !== revision) return false;
      const leaseUntil = release ? 0 : before.leaseUntil;
      const failStreak = endsWell ? 0 : before.failStreak;
      const after: StateItem = { ...before, wm, place: rest, rev: revision + 1, lastCommitId: commitId, failStreak, leaseUntil, notBefore: notBefore ?? null };
      table.watch.committed?.(runId, token, before, after);
      items().state = after;
      return true;
    }, describe(next, release));
    if (!applied && (await ask('get STATE', 'closing read', () => items().state?.lastCommitId)) !== commitId) {
      throw new ConnectorError('LEASE_LOST', 'another run took over, or the watermark was set back');
    }
    revision += 1;
    place = next;
    if (endsWell) failures = 0;
    if (genesis.committed) return;
    await ask('mark GENESIS', 'closing', () => void (items().genesis = { ...(items().genesis ?? genesis), committed: true }));
    genesis = { ...genesis, committed: true };
  }

  const fixTailnet = async ({ key, id }: { key: string; id: string | null }) => {
    genesis = await ask('fix TAILNET', 'write', () => {
      const found = items().genesis;
      if (found === undefined) throw new ConnectorError('STATE_UNAVAILABLE', 'the GENESIS item is gone');
      return (items().genesis = { ...found, tailnetKey: found.tailnetKey ?? key, tailnetId: found.tailnetId ?? id });
    }, key);
  };

  const fail = (code: string) => ask('FAIL', 'closing', () => {
    const { state } = items();
    if (state?.token !== token) return null;
    items().state = { ...state, failStreak: failures + 1, lastFailure: code, leaseUntil: 0 };
    return failures + 1;
  });

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
    lastFailure: acquired.state.lastFailure,
    seen: (buckets) => seen.load(buckets),
    markSeen: (elements) => seen.mark(elements),
    fixTailnet,
    commit: (next, options = {}) => commit(next, options),
    fail,
    recordGap: (gap) => ask('GAP', 'closing', () => void items().gaps.set(`${gap.from} ${gap.until}`, gap), `${gap.from}`),
    recordQuarantine: (entry) => ask('QUARANTINE', 'closing', () => {
      items().quarantine.set(entry.id, entry);
      table.watch.quarantined?.(runId, entry);
    }, entry.id.slice(0, 12)),
  };
}

function toPlace({ wm, place }: StateItem, { installedAt }: Genesis): Place {
  const unswept = { doneFrom: installedAt, inflight: null };
  return { ...(place ?? { inflight: null, dialect: null, idFloor: null, sweeps: { hourly: unswept, daily: unswept } }), watermark: wm };
}

function describe({ watermark, inflight, sweeps }: Place, release: boolean): string {
  const walk = inflight ?? sweeps.daily.inflight ?? sweeps.hourly.inflight;
  return `wm ${new Date(watermark).toISOString()}${walk === null ? '' : ` ${inflight === null ? 'sweep ' : ''}page ${walk.page}`}${release ? ', release' : ''}`;
}
