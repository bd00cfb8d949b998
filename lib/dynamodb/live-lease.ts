import { ConnectorError, type ErrorCode } from '../domain/errors';
import type { Ending, InstallationRecord, HealthRecord, Place } from '../domain/checkpoint';
import type { CommitOptions, LiveLease } from '../ports/checkpoints';
import type { Clock } from '../domain/deadline';
import type { ConnectorItems } from './connector-items';
import { parseInstallation, parseState, type InstallationItem, type StateItem } from './items';
import { INSTALLATION_KEY, STATE_KEY } from './keys';
import type { Ledger } from './ledger';
import type { PublishedIds } from './published-ids';
import { reaching, type Table } from './table';
import { suspectsOf, toWorking } from './working';

export interface LiveLeaseDeps {
  readonly items: ConnectorItems;
  readonly ledger: Ledger;
  readonly publishedIds: PublishedIds;
  readonly table: Table;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  readonly installation: InstallationItem & { readonly idKey: string };
  readonly state: StateItem;
}

/** A run's hold on a connector, from the moment it has the lease. */
export function createLiveLease({
  items,
  ledger,
  publishedIds,
  table,
  clock,
  newCommitId,
  ...acquired
}: LiveLeaseDeps): LiveLease {
  const { token } = acquired.state;
  const { idKey } = acquired.installation;
  let installation = toInstallation(acquired.installation, idKey);
  let checkpoint = toPlace(acquired.state, installation);
  let revision = acquired.state.rev;
  let failures = acquired.state.failStreak;
  let health = toHealth(acquired.state);
  const suspects = suspectsOf(acquired.state.working);

  async function commit(next: Place, { release, notBefore, stuckOn }: CommitOptions): Promise<void> {
    const commitId = newCommitId();
    const now = clock.now();
    // Only a run that did its work ends the count of failures: one that stops early has proved nothing.
    const endsWell = release !== undefined && (release === 'whole' || next.watermark > acquired.state.wm);
    const moved =
      next.watermark !== checkpoint.watermark ||
      next.inflight !== checkpoint.inflight ||
      next.sweeps !== checkpoint.sweeps;
    const after: HealthRecord = {
      ...health,
      ending: release === undefined ? health.ending : endingNow(release, null, now),
      progressAt: moved ? now : health.progressAt,
    };
    const written = await items.update(STATE_KEY, {
      set: [
        '#wm = :wm',
        '#inflight = :inflight',
        '#dialect = :dialect',
        '#rev = :next',
        '#sweeps = :sweeps',
        '#lastCommitId = :commitId',
        '#lastOkAt = :now',
        '#progressAt = :progressAt',
        '#ending = :ending',
        '#lastEventAt = :lastEventAt',
        '#matched = :matched',
        '#alert = :alert',
        '#owed = :owed',
        ...(release === undefined ? [] : ['#leaseUntil = :zero']),
        ...(endsWell ? ['#failStreak = :zero'] : []),
        ...(notBefore === undefined ? [] : ['#notBefore = :notBefore']),
        ...(stuckOn === undefined ? [] : ['#working = :working']),
      ],
      remove: [...(notBefore === undefined ? ['#notBefore'] : []), ...(stuckOn === undefined ? ['#working'] : [])],
      when: '#token = :token AND #rev = :rev',
      values: {
        wm: next.watermark,
        inflight: next.inflight,
        dialect: next.dialect,
        sweeps: next.sweeps,
        progressAt: after.progressAt,
        ending: after.ending,
        lastEventAt: after.lastEventAt,
        matched: after.matched,
        alert: after.alert,
        owed: after.owed,
        token,
        rev: revision,
        next: revision + 1,
        commitId,
        now,
        ...(release === undefined ? {} : { zero: 0 }),
        ...(notBefore === undefined ? {} : { notBefore }),
        ...(stuckOn === undefined ? {} : { working: toWorking([stuckOn], suspects.get(stuckOn) ?? 0) }),
      },
    });
    if (written === 'refused' && !(await wasOurs(commitId))) throw leaseLost();
    revision += 1;
    if (endsWell) failures = 0;
    checkpoint = next;
    health = after;
    if (!installation.committed) await markGenesisCommitted();
  }

  function endingNow(how: Ending, code: string | null, now: number): HealthRecord['ending'] {
    const { ending } = health;
    return ending?.how === how && ending.code === code ? ending : { how, code, since: now };
  }

  /** The write may have been applied although its answer was lost; a retry of it is refused then. */
  async function wasOurs(commitId: string): Promise<boolean> {
    const item = await items.get(STATE_KEY);
    return item !== undefined && parseState(item).lastCommitId === commitId;
  }

  async function markGenesisCommitted(): Promise<void> {
    await items.update(INSTALLATION_KEY, { set: ['#committed = :true'], values: { true: true } });
    installation = { ...installation, committed: true };
  }

  async function noteWork(records: readonly string[], deaths: number, progressed: boolean): Promise<void> {
    const progressAt = progressed ? clock.now() : health.progressAt;
    const written = await items.update(STATE_KEY, {
      set: ['#working = :working', '#progressAt = :progressAt'],
      when: '#token = :token',
      values: { working: toWorking(records, deaths), progressAt, token },
    });
    if (written === 'refused') throw leaseLost();
    health = { ...health, progressAt };
  }

  async function fixTailnet({ key, id }: { key: string; id: string | null }): Promise<void> {
    const written = await items.update(INSTALLATION_KEY, {
      set: [
        '#tailnetKey = if_not_exists(#tailnetKey, :key)',
        ...(id === null ? [] : ['#tailnetId = if_not_exists(#tailnetId, :id)']),
      ],
      when: 'attribute_exists(#pk)',
      values: { key, ...(id === null ? {} : { id }) },
    });
    if (written === 'refused')
      throw new ConnectorError('STATE_UNAVAILABLE', 'the GENESIS item is gone; the next run makes a new one');
    installation = toInstallation(parseInstallation(written), idKey);
  }

  async function fail(code: ErrorCode): Promise<number | null> {
    const after: HealthRecord = { ...health, ending: endingNow('failed', code, clock.now()) };
    const written = await items.update(STATE_KEY, {
      // The number itself: a sum would count twice when the answer is lost and the write is sent again.
      set: [
        '#failStreak = :failures',
        '#leaseUntil = :zero',
        '#lastFailure = :code',
        '#ending = :ending',
        '#lastEventAt = :lastEventAt',
        '#matched = :matched',
        '#alert = :alert',
        '#owed = :owed',
      ],
      remove: ['#working'],
      when: '#token = :token',
      values: {
        token,
        failures: failures + 1,
        zero: 0,
        code,
        ending: after.ending,
        lastEventAt: after.lastEventAt,
        matched: after.matched,
        alert: after.alert,
        owed: after.owed,
      },
    });
    if (written === 'refused') return null;
    health = after;
    failures += 1;
    return failures;
  }

  async function saveAlerts(alerts: Pick<HealthRecord, 'alert' | 'owed'>): Promise<void> {
    const before = health;
    health = { ...health, ...alerts };
    const { alert, owed } = alerts;
    const written = await items.update(STATE_KEY, {
      set: ['#alert = :alert', '#owed = :owed'],
      when: '#token = :token',
      values: { alert, owed, token },
    });
    if (written === 'refused') health = before;
  }

  return {
    get installation() {
      return installation;
    },
    get checkpoint() {
      return checkpoint;
    },
    get failStreak() {
      return failures;
    },
    get health() {
      return health;
    },
    suspects,
    stateLost: installation.committed && acquired.state.rev === 0,
    previousDied: acquired.state.previousLease > 0,
    notBefore: acquired.state.notBefore ?? null,
    observe({ lastEventAt = null, matched = {} }) {
      health = {
        ...health,
        lastEventAt: laterOf(health.lastEventAt, lastEventAt),
        matched: { ...health.matched, ...matched },
      };
    },
    seen: (buckets) => reaching(table, () => publishedIds.load(buckets)),
    markPublished: (elements) => reaching(table, () => publishedIds.mark(elements)),
    noteWork: (records, deaths, progressed) => reaching(table, () => noteWork(records, deaths, progressed)),
    fixTailnet: (tailnet) => reaching(table, () => fixTailnet(tailnet)),
    commit: (next, options = {}) => reaching(table, () => commit(next, options)),
    fail: (code) => reaching(table, () => fail(code)),
    saveAlerts: (alerts) => reaching(table, () => saveAlerts(alerts)),
    recordGap: (gap) => reaching(table, () => ledger.recordGap(gap)),
    recordQuarantine: (entry) => reaching(table, () => ledger.recordQuarantine(entry)),
  };
}

function leaseLost(): ConnectorError {
  return new ConnectorError(
    'LEASE_LOST',
    'another run took over, or the watermark was set back; this run stops, and the next run continues',
  );
}

function laterOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** Where an attribute is missing, nothing has fixed it yet. */
export function toInstallation(
  { installedAt, startFrom, tailnetKey, tailnetId, committed }: InstallationItem,
  idKey: string,
): InstallationRecord {
  return { installedAt, startFrom, tailnetKey: tailnetKey ?? null, tailnetId: tailnetId ?? null, idKey, committed };
}

function toPlace({ wm, inflight, dialect, sweeps }: StateItem, { installedAt }: InstallationRecord): Place {
  const unswept = { doneFrom: installedAt, inflight: null };
  return { watermark: wm, inflight, dialect, sweeps: sweeps ?? { hourly: unswept, daily: unswept } };
}

function toHealth({ ending, progressAt, alert, owed, lastEventAt, matched }: StateItem): HealthRecord {
  return { ending, progressAt, alert, owed, lastEventAt, matched };
}
