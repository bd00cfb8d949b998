import { POLL_PERIOD_SECONDS } from '../contract/timing';
import type { HealthRecord, OwedHealthEvent } from '../domain/checkpoint';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError, toConnectorError } from '../domain/errors';
import { rfc3339, type Millis } from '../domain/time';
import { healthEvent, type HealthNotice } from '../events/encode/health';
import type { LiveLease } from '../ports/checkpoints';
import type { EventBus } from '../ports/event-bus';
import type { Telemetry } from '../ports/telemetry';
import { isDue, judge, reasonOf, timeToCatchUp } from './silence';

/** Health events that are kept while the bus is gone; of one kind the newest says what the older ones said. */
const MAX_OWED = 10;

/** A notice without what the run knows: its id and its time. */
export type RunNotice = Omit<HealthNotice, 'at' | 'runId' | 'subject'>;

/** Emits the health events of one run. */
export interface Health {
  /** @throws ConnectorError BUS_EXHAUSTED when the bus did not accept it; BUS_*. */
  emit(notice: RunNotice): Promise<void>;
  /**
   * Emits what must not fail the run. The event is owed before it is published, so that the next run emits it if this one
   * is killed, and so that a run which lost its lease emits nothing.
   */
  emitOrOwe(notice: RunNotice & Pick<OwedHealthEvent, 'kind'>): Promise<void>;
  /** Publishes what is owed, in order. Never fails: what cannot be published now stays owed. */
  emitOwed(): Promise<void>;
  /** At the start of a run: a silence that no run could report, because it was killed or never started. */
  judgeStart(): Promise<void>;
  /** At the end of a run, after its last commit. @param failure What it failed with; null: it did not fail. */
  judgeEnd(startedAtWatermark: Millis, failure: ConnectorError | null): Promise<void>;
}

export interface HealthDeps {
  readonly lease: Pick<
    LiveLease,
    'checkpoint' | 'failStreak' | 'health' | 'installation' | 'previousDied' | 'saveAlerts'
  >;
  /** Its id. */
  readonly connector: string;
  readonly runId: string;
  readonly publish: EventBus['publish'];
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Puts a health event on the bus.
 *
 * @throws ConnectorError BUS_EXHAUSTED when the bus did not accept it; BUS_*.
 */
export async function emitHealthEvent(
  notice: HealthNotice,
  {
    connector,
    tailnet,
    publish,
    deadline,
  }: Pick<HealthDeps, 'connector' | 'publish' | 'deadline'> & {
    readonly tailnet: string | null;
  },
): Promise<void> {
  const { accepted } = await publish([healthEvent(notice, connector, tailnet)], deadline);
  if (accepted.length > 0) return;
  throw new ConnectorError(
    'BUS_EXHAUSTED',
    `EventBridge did not accept the health event "${notice.kind}"; the next run tries again`,
  );
}

export function createHealth(deps: HealthDeps): Health {
  const { lease, connector, runId, clock, telemetry } = deps;

  const publishNotice = (notice: HealthNotice): Promise<void> =>
    emitHealthEvent(notice, { ...deps, tailnet: lease.installation.tailnetKey });

  async function emitOwed(): Promise<void> {
    const { alert, owed } = lease.health;
    let published = 0;
    for (const one of owed) {
      if (!(await tryToPublish(one))) break;
      published += 1;
    }
    if (published > 0) await save({ alert, owed: owed.slice(published) });
  }

  async function emitOrOwe(
    notice: RunNotice & Pick<OwedHealthEvent, 'kind'>,
    alert: HealthRecord['alert'] = lease.health.alert,
  ): Promise<void> {
    const { kind, code, description } = notice;
    telemetry.warn(kind, { connector, code, description });
    const others = lease.health.owed.filter((one) => one.kind !== kind);
    await save({ alert, owed: [...others, { ...notice, at: clock.now(), runId }].slice(-MAX_OWED) });
    await emitOwed();
  }

  async function emitSilence(kind: 'blind' | 'catchingUp', description: string, code: string | null): Promise<void> {
    const now = clock.now();
    const alert = { kind, since: lease.health.alert?.since ?? now, at: now };
    await emitOrOwe({ kind, description: `${missing()}${description}`, code, interval: null }, alert);
  }

  const missing = (): string => `events after ${rfc3339(lease.checkpoint.watermark)} may be missing`;

  const judgeNow = () =>
    judge({
      now: clock.now(),
      watermark: lease.checkpoint.watermark,
      failStreak: lease.failStreak,
      health: lease.health,
    });

  async function tryToPublish(notice: HealthNotice): Promise<boolean> {
    try {
      await publishNotice(notice);
      return true;
    } catch (thrown) {
      const reason = toConnectorError(thrown).message;
      telemetry.warn('a health event could not be published, and is owed', { connector, kind: notice.kind, reason });
      return false;
    }
  }

  /** What is not kept now is kept with the next commit; see LiveLease. */
  async function save(alerts: Pick<HealthRecord, 'alert' | 'owed'>): Promise<void> {
    try {
      await lease.saveAlerts(alerts);
    } catch (thrown) {
      telemetry.warn('owed health events could not be kept', { connector, reason: toConnectorError(thrown).message });
    }
  }

  return {
    emit: (notice) => publishNotice({ ...notice, at: clock.now(), runId }),
    emitOrOwe: (notice) => emitOrOwe(notice),
    emitOwed,
    async judgeStart() {
      const condition = judgeNow();
      const { ending } = lease.health;
      // After a run that read the whole log, an old watermark was set back by hand: the end of this run reports on it.
      const isSetBack = ending?.how === 'whole' && !lease.previousDied;
      if (condition === 'well' || (condition === 'catchingUp' && isSetBack)) return;
      if (!isDue(condition, lease.health, clock.now())) return;
      const reason = condition === 'blind' ? reasonOf(lease, lease.failStreak, null) : 'runs go forward';
      await emitSilence(condition, `: ${reason}`, ending?.code ?? null);
    },
    async judgeEnd(startedAtWatermark, failure) {
      const now = clock.now();
      const { health, failStreak } = lease;
      const { watermark } = lease.checkpoint;
      const condition = judgeNow();
      if (condition === 'well') {
        if (health.alert === null) return;
        const description = `the log is read up to ${rfc3339(watermark)} again; the silence was first reported at ${rfc3339(health.alert.since)}. Nothing within Tailscale's retention was skipped`;
        await emitOrOwe({ kind: 'recovered', description, code: null, interval: null }, null);
        return;
      }
      if (!isDue(condition, health, now)) return;
      const pace = timeToCatchUp(now, watermark, watermark - startedAtWatermark, POLL_PERIOD_SECONDS * 1000);
      const description =
        condition === 'blind'
          ? `: ${reasonOf({ previousDied: false, health }, failStreak, failure)}`
          : `, but runs go forward; ${pace}`;
      await emitSilence(condition, description, failure?.code ?? null);
    },
  };
}
