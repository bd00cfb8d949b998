import { POLL_PERIOD_SECONDS } from '../contract/timing';
import { toConnectorError, type ConnectorError } from '../domain/errors';
import { announce, type HealthNotice } from '../pipeline/health-events';
import type { HealthRecord, OwedHealthEvent } from '../domain/checkpoint';
import { rfc3339, type Millis } from '../domain/time';
import type { Run } from '../pipeline/run';
import { isDue, judge, reasonOf, timeToCatchUp } from './silence';

/** Announcements that are kept when the bus is gone for long; of one kind the newest says what the older ones said. */
const MAX_OWED = 10;

type Alerts = Pick<HealthRecord, 'alert' | 'owed'>;

/** Publishes what is owed, in order. Never fails: what cannot be published now stays owed. */
export async function emitOwed(run: Run): Promise<void> {
  const { alert, owed } = run.lease.health;
  let paid = 0;
  for (const one of owed) {
    if (!(await tryToPublish(run, one))) break;
    paid += 1;
  }
  if (paid > 0) await save(run, { alert, owed: owed.slice(paid) });
}

/**
 * Announces something that must not fail the run. It is owed before it is published, so that the next run announces it
 * if this one is killed, and so that a run which lost its lease announces nothing.
 */
export async function tell(run: Run, announcement: OwedHealthEvent, alert = run.lease.health.alert): Promise<void> {
  const { telemetry, connector, lease } = run;
  telemetry.warn(announcement.kind, {
    connector: connector.id,
    code: announcement.code,
    description: announcement.description,
  });
  const others = lease.health.owed.filter(({ kind }) => kind !== announcement.kind);
  await save(run, { alert, owed: [...others, announcement].slice(-MAX_OWED) });
  await emitOwed(run);
}

/** At the start of a run: a silence that no run could announce, because it was killed or never started. */
export async function judgeStart(run: Run): Promise<void> {
  const { lease, clock } = run;
  const condition = judgeNow(run);
  // After a run that read the whole log, an old watermark was set back by hand: the end of this run says how that goes.
  const isSetBack = lease.health.ending?.how === 'whole' && !lease.previousDied;
  if (condition === 'well' || (condition === 'catchingUp' && isSetBack) || !isDue(condition, lease.health, clock.now()))
    return;
  const reason = condition === 'blind' ? reasonOf(lease, lease.failStreak, null) : 'runs go forward';
  await raise(run, condition, `${upTo(run)}: ${reason}`, lease.health.ending?.code ?? null);
}

/** At the end of a run, after its last commit. @param failure What it failed with; null: it did not fail. */
export async function judgeEnd(run: Run, startedAtWatermark: Millis, failure: ConnectorError | null): Promise<void> {
  const { lease, clock, runId } = run;
  const now = clock.now();
  const { health, checkpoint } = lease;
  const condition = judgeNow(run);
  if (condition === 'well') {
    if (health.alert === null) return;
    const description = `the log is read up to ${rfc3339(checkpoint.watermark)} again; the silence was first announced at ${rfc3339(health.alert.since)}. Nothing within Tailscale's retention was skipped`;
    return tell(run, { kind: 'recovered', description, code: null, at: now, runId, interval: null }, null);
  }
  if (!isDue(condition, health, now)) return;
  const description =
    condition === 'blind'
      ? `${upTo(run)}: ${reasonOf({ previousDied: false, health }, lease.failStreak, failure)}`
      : `${upTo(run)}, but runs go forward; ${timeToCatchUp(now, checkpoint.watermark, checkpoint.watermark - startedAtWatermark, POLL_PERIOD_SECONDS * 1000)}`;
  await raise(run, condition, description, failure?.code ?? null);
}

const judgeNow = ({ lease, clock }: Run) =>
  judge({
    now: clock.now(),
    watermark: lease.checkpoint.watermark,
    failStreak: lease.failStreak,
    health: lease.health,
  });

const upTo = ({ lease }: Run): string => `events after ${rfc3339(lease.checkpoint.watermark)} may be missing`;

async function raise(run: Run, kind: 'blind' | 'catchingUp', description: string, code: string | null): Promise<void> {
  const { lease, clock, runId } = run;
  const now = clock.now();
  const since = lease.health.alert?.since ?? now;
  await tell(run, { kind, description, code, at: now, runId, interval: null }, { kind, since, at: now });
}

async function tryToPublish(run: Run, announcement: HealthNotice): Promise<boolean> {
  try {
    await announce(run, announcement);
    return true;
  } catch (thrown) {
    run.telemetry.warn('a health event could not be published, and is owed', {
      connector: run.connector.id,
      kind: announcement.kind,
      reason: toConnectorError(thrown).message,
    });
    return false;
  }
}

/** What is not kept now is kept with the next commit; see Tenure. */
async function save({ lease, telemetry, connector }: Run, alerts: Alerts): Promise<void> {
  try {
    await lease.saveAlerts(alerts);
  } catch (thrown) {
    telemetry.warn('what was announced could not be kept', {
      connector: connector.id,
      reason: toConnectorError(thrown).message,
    });
  }
}
