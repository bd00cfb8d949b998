import pMap from 'p-map';
import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { judgeEnd, judgeStart, emitOwed, tell } from './alerts';
import { toConnectorError, type ConnectorError } from '../domain/errors';
import type { Millis } from '../domain/time';
import type { LiveLease } from '../ports/checkpoints';
import type { Deadline } from '../domain/deadline';
import { recoverCheckpoint } from './recover-checkpoint';
import { archiveInTime, publishOnExistingBus, type PollDeps, type Progress, type Run } from '../pipeline/run';
import { acquire, adoptOutage } from './state-outage';
import { follow } from './tick';

/** Connectors polled at once. */
const CONCURRENCY = 4;

/** What one tick did for one connector. */
export interface ConnectorReport extends Progress {
  readonly connector: string;
  /** RFC 3339; everything before it is on the bus. null before the first run. */
  readonly watermark: string | null;
  /** Time ran out, or upstream asked to wait; the next tick goes on. */
  readonly partial: boolean;
  /** Another run holds the lease; nothing was done. */
  readonly busy: boolean;
}

export interface PollReport {
  readonly connectors: readonly ConnectorReport[];
}

/** At least one connector failed. The message has one line for each, because Lambda drops AggregateError.errors. */
export class PollFailed extends AggregateError {
  override readonly name = 'PollFailed';

  constructor(failures: readonly { readonly connector: string; readonly error: ConnectorError }[]) {
    super(
      failures.map(({ error }) => error),
      failures.map(({ connector, error }) => `${connector}: ${error.code} ${error.message}`).join('\n'),
    );
  }
}

/**
 * One tick of every given connector, each isolated from the others' failures.
 *
 * @throws PollFailed after all were tried, if any failed.
 */
export async function poll(
  connectors: readonly ConnectorSettings[],
  deps: PollDeps,
  deadline: Deadline,
): Promise<PollReport> {
  const failures: { connector: string; error: ConnectorError }[] = [];
  const reports = await pMap(
    connectors,
    async (connector) => {
      try {
        return await pollOne(connector, deps, deadline);
      } catch (thrown) {
        const error = toConnectorError(thrown);
        failures.push({ connector: connector.id, error });
        deps.telemetry.error('poll failed', { connector: connector.id, code: error.code, reason: error.message });
        deps.telemetry.count(connector.id, METRIC.failed, 1);
        return undefined;
      }
    },
    { concurrency: CONCURRENCY },
  );
  if (failures.length > 0) throw new PollFailed(failures);
  return { connectors: reports.filter((report) => report !== undefined) };
}

async function pollOne(connector: ConnectorSettings, deps: PollDeps, deadline: Deadline): Promise<ConnectorReport> {
  const { telemetry } = deps;
  const nothing: Progress = { fetched: 0, emitted: 0, duplicates: 0, pages: 0, dialect: null };
  const countAge = (watermark: Millis) => {
    telemetry.count(connector.id, METRIC.watermarkAge, Math.max(0, deps.clock.now() - watermark) / 1000);
  };
  const report = (
    watermark: Millis | null,
    outcome: Progress & { partial?: boolean; busy?: boolean },
  ): ConnectorReport => {
    if (watermark !== null) countAge(watermark);
    const time = watermark === null ? null : new Date(watermark).toISOString();
    const result = { connector: connector.id, partial: false, busy: false, ...outcome, watermark: time };
    telemetry.info('poll', result);
    return result;
  };

  if (deadline.isNear()) return report(null, { ...nothing, partial: true });
  const runId = deps.newRunId();
  const acquisition = await acquire(connector, runId, deps, deadline);
  if (acquisition.state === 'busy') return report(acquisition.watermark, { ...nothing, busy: true });

  const { lease } = acquisition;
  const run = createRun(connector, lease, runId, deps, deadline);
  const startedAt = lease.checkpoint.watermark;
  try {
    await adoptOutage(run, deps);
    const { partial } = await work(run);
    await judgeEnd(run, startedAt, null);
    return report(lease.checkpoint.watermark, { ...run.progress, partial });
  } catch (thrown) {
    countAge(lease.checkpoint.watermark);
    await recordFailure(run, startedAt, toConnectorError(thrown));
    throw thrown;
  } finally {
    const { lastEventAt } = lease.health;
    telemetry.count(
      connector.id,
      METRIC.lastEventAge,
      Math.max(0, deps.clock.now() - (lastEventAt ?? lease.installation.installedAt)) / 1000,
    );
  }
}

function createRun(
  connector: ConnectorSettings,
  lease: LiveLease,
  runId: string,
  deps: PollDeps,
  deadline: Deadline,
): Run {
  const progress: Progress = { fetched: 0, emitted: 0, duplicates: 0, pages: 0, dialect: null };
  return {
    ...deps,
    connector,
    lease,
    deadline,
    runId,
    progress,
    publish: publishOnExistingBus(deps.bus),
    archive: archiveInTime(deps.archive),
    observe: (seen) => {
      lease.observe(seen);
    },
    edge: null,
  };
}

async function work(run: Run): Promise<{ partial: boolean }> {
  const { lease, clock } = run;
  await emitOwed(run);
  const checkpoint = await recoverCheckpoint(run);
  await judgeStart(run);
  const { notBefore } = lease;
  if (notBefore === null || notBefore <= clock.now()) return follow(run, checkpoint);
  await lease.commit(checkpoint, { release: 'waiting', notBefore });
  return { partial: true };
}

/** The original failure is the one to report, even if recording it fails. */
async function recordFailure(run: Run, startedAt: Millis, error: ConnectorError): Promise<void> {
  const { lease, clock, runId, telemetry } = run;
  const { code, message } = error;
  const before = lease.health.ending;
  try {
    // Another run owns the connector: it judges.
    if ((await lease.fail(code)) === null) return;
  } catch (thrown) {
    telemetry.warn('the failure could not be recorded', { reason: toConnectorError(thrown).message });
  }
  const isNews = before?.how !== 'failed' || before.code !== code;
  if (code === 'TAILNET_CHANGED' && isNews)
    await tell(run, { kind: 'tailnetChanged', description: message, code, at: clock.now(), runId, interval: null });
  await judgeEnd(run, startedAt, error);
}
