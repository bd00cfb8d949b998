import { ConnectorError } from '../../lib/domain/errors';
import type { Ending, InstallationRecord, HealthRecord, Place } from '../../lib/domain/checkpoint';
import type { Millis } from '../../lib/domain/time';
import type { CommitOptions, StateStore, LiveLease } from '../../lib/ports/checkpoints';
import type { Clock, Deadline } from '../../lib/domain/deadline';
import { NoAnswer, type Call, type Io } from './in-memory-io';
import { createInMemorySeen } from './in-memory-published';
import type { ConnectorItems, InMemoryTable, StateItem, TableWatch } from './in-memory-table';

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
export type Ask = <Answer>(
  name: string,
  kind: 'read' | 'write' | 'closing' | 'closing read',
  effect: () => Answer,
  about?: string,
) => Promise<Answer>;

/** Live state whose table is in memory: the same requests, conditions and answers as lib/state. */
export function createInMemoryState({ table, clock, io, newCommitId }: InMemoryStateDeps): StateStore {
  return {
    async acquire(connector, runId, deadline) {
      const ask = createAsk(io, deadline);
      const items = () => table.of(connector);
      const installation = await findInstallation(ask, items, clock);
      const lease = await takeLease(ask, items, table.watch, runId, installation.startFrom, clock, deadline);
      if (!lease.taken) return { state: 'busy', watermark: lease.state?.wm ?? null };
      return {
        state: 'acquired',
        lease: createLiveLease({ table, connector, runId, ask, clock, newCommitId, installation, state: lease.state }),
      };
    },
  };
}

function createAsk(io: Io, deadline: Deadline): Ask {
  return async (name, kind, effect, about = '') => {
    const call: Call = {
      service: 'state',
      name,
      about,
      writes: !kind.endsWith('read'),
      closing: kind.startsWith('closing'),
      limitMs: 20_000,
      deadline,
    };
    try {
      return await io(call, effect);
    } catch (error) {
      throw error instanceof NoAnswer
        ? new ConnectorError('STATE_UNAVAILABLE', 'the table could not be reached')
        : error;
    }
  };
}

async function findInstallation(ask: Ask, items: () => ConnectorItems, clock: Clock): Promise<InstallationRecord> {
  const found = await ask('get GENESIS', 'read', () => items().installation);
  if (found !== undefined) return found;
  const installedAt = clock.now();
  const installation: InstallationRecord = {
    installedAt,
    startFrom: installedAt - FIRST_RUN_MS,
    tailnetKey: null,
    tailnetId: null,
    idKey: 'key',
    committed: false,
  };
  return ask('put GENESIS', 'closing', () => (items().installation ??= installation));
}

const UNKNOWN: HealthRecord = { ending: null, progressAt: null, alert: null, owed: [], lastEventAt: null, matched: {} };

type Lease =
  | { readonly taken: true; readonly state: StateItem }
  | { readonly taken: false; readonly state: StateItem | undefined };

async function takeLease(
  ask: Ask,
  items: () => ConnectorItems,
  watch: TableWatch,
  runId: string,
  startFrom: Millis,
  clock: Clock,
  deadline: Deadline,
): Promise<Lease> {
  const now = clock.now();
  const leaseUntil = now + deadline.remaining() + LEASE_SLACK_MS;
  const taken = await ask(
    'ACQUIRE',
    'closing',
    () => {
      const { state } = items();
      const fresh: StateItem = {
        token: 0,
        owner: runId,
        leaseUntil,
        rev: 0,
        wm: startFrom,
        failStreak: 0,
        lastFailure: null,
        lastCommitId: null,
        notBefore: null,
        previousLease: 0,
        working: null,
        health: UNKNOWN,
        checkpoint: null,
      };
      const isFree = state === undefined || state.leaseUntil < now - CLOCK_SKEW_MS;
      if (!isFree) return undefined;
      watch.acquired?.(runId, state);
      const { token } = state ?? fresh;
      return (items().state = {
        ...(state ?? fresh),
        owner: runId,
        previousLease: state?.leaseUntil ?? 0,
        leaseUntil,
        token: token + 1,
      });
    },
    runId,
  );
  if (taken !== undefined) return { taken: true, state: taken };
  const state = await ask('get STATE', 'closing read', () => items().state);
  return state?.owner === runId ? { taken: true, state } : { taken: false, state };
}

interface LiveLeaseDeps {
  readonly table: InMemoryTable;
  readonly connector: string;
  readonly runId: string;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  readonly installation: InstallationRecord;
  readonly state: StateItem;
}

function createLiveLease({ table, connector, runId, ask, clock, newCommitId, ...acquired }: LiveLeaseDeps): LiveLease {
  const { token } = acquired.state;
  const items = () => table.of(connector);
  const seen = createInMemorySeen({ table, connector, runId, ask, clock });
  let { installation } = acquired;
  let checkpoint = toPlace(acquired.state, installation);
  let revision = acquired.state.rev;
  let failures = acquired.state.failStreak;
  let { health } = acquired.state;
  const { working } = acquired.state;
  const suspects = new Map((working?.records ?? []).map((record) => [record, (working?.deaths ?? 0) + 1]));
  const leaseLost = () => new ConnectorError('LEASE_LOST', 'another run took over, or the watermark was set back');
  const endingNow = (how: Ending, code: string | null): HealthRecord['ending'] =>
    health.ending?.how === how && health.ending.code === code ? health.ending : { how, code, since: clock.now() };

  async function commit(next: Place, { release, notBefore, stuckOn }: CommitOptions): Promise<void> {
    const commitId = newCommitId();
    const { watermark: wm, ...rest } = next;
    const endsWell = release !== undefined && (release === 'whole' || wm > acquired.state.wm);
    const moved =
      wm !== checkpoint.watermark || next.inflight !== checkpoint.inflight || next.sweeps !== checkpoint.sweeps;
    const known: HealthRecord = {
      ...health,
      ending: release === undefined ? health.ending : endingNow(release, null),
      progressAt: moved ? clock.now() : health.progressAt,
    };
    const applied = await ask(
      'COMMIT',
      'closing',
      () => {
        const before = items().state;
        if (before?.token !== token || before.rev !== revision) return false;
        const leaseUntil = release === undefined ? before.leaseUntil : 0;
        const failStreak = endsWell ? 0 : before.failStreak;
        const after: StateItem = {
          ...before,
          wm,
          checkpoint: rest,
          rev: revision + 1,
          lastCommitId: commitId,
          failStreak,
          leaseUntil,
          notBefore: notBefore ?? null,
          working: stuckOn === undefined ? null : { records: [stuckOn], deaths: suspects.get(stuckOn) ?? 0 },
          health: known,
        };
        table.watch.committed?.(runId, token, before, after);
        items().state = after;
        return true;
      },
      describe(next, release !== undefined),
    );
    if (!applied && (await ask('get STATE', 'closing read', () => items().state?.lastCommitId)) !== commitId)
      throw leaseLost();
    revision += 1;
    checkpoint = next;
    health = known;
    if (endsWell) failures = 0;
    if (installation.committed) return;
    await ask(
      'mark GENESIS',
      'closing',
      () => void (items().installation = { ...(items().installation ?? installation), committed: true }),
    );
    installation = { ...installation, committed: true };
  }

  /** Writes under the token alone. Answers whether the token was still ours. */
  const write = (name: string, change: (state: StateItem) => StateItem, about?: string) =>
    ask(
      name,
      'closing',
      () => {
        const { state } = items();
        if (state?.token !== token) return false;
        items().state = change(state);
        return true;
      },
      about,
    );

  async function noteWork(records: readonly string[], deaths: number, progressed: boolean): Promise<void> {
    const progressAt = progressed ? clock.now() : health.progressAt;
    const applied = await write(
      'NOTE',
      (state) => {
        table.watch.noted?.(runId, records, deaths);
        return { ...state, working: { records, deaths }, health: { ...state.health, progressAt } };
      },
      `${records.length} records, ${deaths} deaths`,
    );
    if (!applied) throw leaseLost();
    health = { ...health, progressAt };
  }

  const fixTailnet = async ({ key, id }: { key: string; id: string | null }) => {
    installation = await ask(
      'fix TAILNET',
      'write',
      () => {
        const found = items().installation;
        if (found === undefined) throw new ConnectorError('STATE_UNAVAILABLE', 'the GENESIS item is gone');
        return (items().installation = {
          ...found,
          tailnetKey: found.tailnetKey ?? key,
          tailnetId: found.tailnetId ?? id,
        });
      },
      key,
    );
  };

  const fail = async (code: string) => {
    const ending = endingNow('failed', code);
    const applied = await write('FAIL', (state) => ({
      ...state,
      failStreak: failures + 1,
      lastFailure: code,
      leaseUntil: 0,
      working: null,
      health: { ...health, ending },
    }));
    if (!applied) return null;
    health = { ...health, ending };
    failures += 1;
    return failures;
  };

  return {
    get installation() {
      return installation;
    },
    get checkpoint() {
      return checkpoint;
    },
    stateLost: installation.committed && acquired.state.rev === 0,
    get failStreak() {
      return failures;
    },
    previousDied: acquired.state.previousLease > 0,
    notBefore: acquired.state.notBefore,
    suspects,
    get health() {
      return health;
    },
    observe({ lastEventAt, matched = {} }) {
      health = {
        ...health,
        lastEventAt: lastEventAt === undefined ? health.lastEventAt : Math.max(lastEventAt, health.lastEventAt ?? 0),
        matched: { ...health.matched, ...matched },
      };
    },
    noteWork,
    async saveAlerts(alerts) {
      const before = health;
      health = { ...health, ...alerts };
      if (
        !(await write('ALERTS', (state) => ({ ...state, health: { ...state.health, ...alerts } }), alerts.alert?.kind))
      )
        health = before;
    },
    seen: (buckets) => seen.load(buckets),
    markPublished: (elements) => seen.mark(elements),
    fixTailnet,
    commit: (next, options = {}) => commit(next, options),
    fail,
    recordGap: (gap) =>
      ask('GAP', 'closing', () => void items().gaps.set(`${gap.from} ${gap.until}`, gap), `${gap.from}`),
    recordQuarantine: (entry) =>
      ask(
        'QUARANTINE',
        'closing',
        () => {
          items().quarantine.set(entry.id, entry);
          table.watch.quarantined?.(runId, entry);
        },
        entry.id.slice(0, 12),
      ),
  };
}

function toPlace({ wm, checkpoint }: StateItem, { installedAt }: InstallationRecord): Place {
  const unswept = { doneFrom: installedAt, inflight: null };
  return {
    ...(checkpoint ?? { inflight: null, dialect: null, sweeps: { hourly: unswept, daily: unswept } }),
    watermark: wm,
  };
}

function describe({ watermark, inflight, sweeps }: Place, release: boolean): string {
  const reader = inflight ?? sweeps.daily.inflight ?? sweeps.hourly.inflight;
  return `wm ${new Date(watermark).toISOString()}${reader === null ? '' : ` ${inflight === null ? 'sweep ' : ''}page ${reader.page}`}${release ? ', release' : ''}`;
}
