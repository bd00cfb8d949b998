import type { Ending, InstallationRecord, HealthRecord, Checkpoint } from '../domain/checkpoint';
import type { LiveLease } from '../ports/checkpoints';
import type { Clock } from '../domain/deadline';
import type { ConnectorItems } from './connector-items';
import { updateInstallation } from './installation';
import type { StateItem } from './items';
import { INSTALLATION_KEY, STATE_KEY } from './keys';
import { createLeasedCheckpoint } from './leased-checkpoint';
import type { Ledger } from './ledger';
import type { PublishedIds } from './published-ids';

export interface LiveLeaseDeps {
  readonly items: ConnectorItems;
  readonly ledger: Ledger;
  readonly publishedIds: PublishedIds;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  readonly installation: InstallationRecord;
  /** The item as the lease was taken. */
  readonly state: StateItem;
}

/** A connector's checkpoint, leased by one run. */
export function createLiveLease({
  items,
  ledger,
  publishedIds,
  clock,
  newCommitId,
  state,
  ...acquired
}: LiveLeaseDeps): LiveLease {
  let { installation } = acquired;
  let failures = state.failStreak;
  let health = toHealth(state);
  const leased = createLeasedCheckpoint<Checkpoint>({
    items,
    sk: STATE_KEY,
    acquired: state,
    checkpoint: toCheckpoint(state, installation),
    newCommitId,
    leaseLost: 'another run took over, or the watermark was set back; this run stops, and the next run continues',
  });

  function endingNow(how: Ending, code: string | null): HealthRecord['ending'] {
    const { ending } = health;
    return ending?.how === how && ending.code === code ? ending : { how, code, since: clock.now() };
  }

  return {
    get installation() {
      return installation;
    },
    get checkpoint() {
      return leased.checkpoint;
    },
    get failStreak() {
      return failures;
    },
    get health() {
      return health;
    },
    suspects: leased.suspects,
    stateLost: installation.committed && state.rev === 0,
    previousDied: state.previousLease > 0,
    notBefore: state.notBefore ?? null,
    published: publishedIds.load,
    markPublished: publishedIds.mark,
    recordGap: ledger.recordGap,
    recordQuarantine: ledger.recordQuarantine,
    async commit(next, options = {}) {
      const now = clock.now();
      const { checkpoint } = leased;
      const { release } = options;
      // A run that stops early proves nothing: it ends the count of failures only if it moved the watermark.
      const endsWell = release !== undefined && (release === 'whole' || next.watermark > state.wm);
      const moved =
        next.watermark !== checkpoint.watermark ||
        next.inflight !== checkpoint.inflight ||
        next.sweeps !== checkpoint.sweeps;
      const after: HealthRecord = {
        ...health,
        ending: release === undefined ? health.ending : endingNow(release, null),
        progressAt: moved ? now : health.progressAt,
      };
      const { watermark: wm, inflight, dialect, sweeps } = next;
      const attributes = { wm, inflight, dialect, sweeps, lastOkAt: now, ...after };
      await leased.commit(next, endsWell ? { ...attributes, failStreak: 0 } : attributes, options);
      if (endsWell) failures = 0;
      health = after;
      if (installation.committed) return;
      await items.write(INSTALLATION_KEY, { set: { committed: true } });
      installation = { ...installation, committed: true };
    },
    async noteWork(records, deaths, progressed) {
      const progressAt = progressed ? clock.now() : health.progressAt;
      await leased.noteWork(records, deaths, { progressAt });
      health = { ...health, progressAt };
    },
    async fixTailnet({ key, id }) {
      const initial = { tailnetKey: key, ...(id === null ? {} : { tailnetId: id }) };
      installation = await updateInstallation(items, { initial });
    },
    async fail(code) {
      const after: HealthRecord = { ...health, ending: endingNow('failed', code) };
      // The number itself: an increment would count twice when the answer is lost and the write is sent again.
      const failStreak = failures + 1;
      const written = await leased.release({ ...after, failStreak, lastFailure: code, working: undefined });
      if (written === 'refused') return null;
      health = after;
      failures = failStreak;
      return failures;
    },
    async saveAlerts({ alert, owed }) {
      const before = health;
      health = { ...health, alert, owed };
      if ((await leased.write({ alert, owed })) === 'refused') health = before;
    },
    observe({ lastEventAt = null, matched = {} }) {
      health = {
        ...health,
        lastEventAt: laterOf(health.lastEventAt, lastEventAt),
        matched: { ...health.matched, ...matched },
      };
    },
  };
}

function laterOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function toCheckpoint({ wm, inflight, dialect, sweeps }: StateItem, { installedAt }: InstallationRecord): Checkpoint {
  const unswept = { doneFrom: installedAt, inflight: null };
  return { watermark: wm, inflight, dialect, sweeps: sweeps ?? { hourly: unswept, daily: unswept } };
}

function toHealth({ ending, progressAt, alert, owed, lastEventAt, matched }: StateItem): HealthRecord {
  return { ending, progressAt, alert, owed, lastEventAt, matched };
}
