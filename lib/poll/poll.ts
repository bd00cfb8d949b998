import pMap from 'p-map';
import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import type { Deadline } from '../domain/deadline';
import type { Dialect } from '../domain/dialect';
import { toConnectorError, type ConnectorError } from '../domain/errors';
import { MINUTE, rfc3339, type Millis } from '../domain/time';
import { publishOnExistingBus } from '../pipeline/publish';
import { createPagePublisher, type PublishingPorts } from '../pipeline/publish-page';
import { readWindow } from '../pipeline/read-window';
import type { Tally } from '../pipeline/tally';
import type { AuditLogPage, OpenAuditLog } from '../ports/audit-log';
import type { LiveLease } from '../ports/checkpoints';
import { follow } from './follow';
import { createHealth, type Health } from './health';
import { recoverCheckpoint } from './recover-checkpoint';
import { acquire, adoptOutage, type AcquireDeps } from './state-outage';

/** Connectors polled at once. */
const CONCURRENCY = 4;

/** What polling works with. */
export interface PollDeps extends AcquireDeps, PublishingPorts {
  readonly openAuditLog: OpenAuditLog;
  readonly newRunId: () => string;
  readonly overlapMinutes: number;
}

/** Counts of one run of one connector. */
interface Progress {
  /** Records read. */
  fetched: number;
  /** Events the bus accepted, policy diffs included. */
  emitted: number;
  /** Events left out because they were published before. */
  duplicates: number;
  pages: number;
  /** null: nothing has answered yet. */
  dialect: Dialect | null;
}

/** What one run did for one connector. */
export interface ConnectorReport extends Readonly<Progress> {
  readonly connector: string;
  /** RFC 3339; everything before it is on the bus. null before the first run. */
  readonly watermark: string | null;
  /** Time ran out, or Tailscale asked to wait; the next run continues. */
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
 * One run of every given connector, each isolated from the others' failures.
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
  const { telemetry, clock, outages } = deps;
  const progress: Progress = { fetched: 0, emitted: 0, duplicates: 0, pages: 0, dialect: null };
  const countAge = (watermark: Millis) => {
    telemetry.count(connector.id, METRIC.watermarkAge, Math.max(0, clock.now() - watermark) / 1000);
  };
  const report = (watermark: Millis | null, { partial = false, busy = false }): ConnectorReport => {
    if (watermark !== null) countAge(watermark);
    const time = watermark === null ? null : rfc3339(watermark);
    const result = { connector: connector.id, partial, busy, ...progress, watermark: time };
    telemetry.info('poll', result);
    return result;
  };

  if (deadline.isNear()) return report(null, { partial: true });
  const runId = deps.newRunId();
  const acquisition = await acquire(connector.id, runId, deps, deadline);
  if (acquisition.state === 'busy') return report(acquisition.watermark, { busy: true });

  const { lease } = acquisition;
  const publish = publishOnExistingBus(deps.bus);
  const health = createHealth({ lease, connector: connector.id, runId, publish, deadline, clock, telemetry });
  const startedAtWatermark = lease.checkpoint.watermark;
  const pageRead = (page: AuditLogPage, tally: Tally) => {
    countPage(connector.id, deps, progress, page, tally);
    const matched = Object.fromEntries([...tally.matchedRules].map((rule) => [rule, clock.now()]));
    lease.observe({ ...(tally.lastEventAt === null ? {} : { lastEventAt: tally.lastEventAt }), matched });
  };
  try {
    await adoptOutage(connector.id, lease, outages);
    await health.emitOwed();
    const overlapMs = deps.overlapMinutes * MINUTE;
    const checkpoint = await recoverCheckpoint({ connector, lease, health, clock, telemetry, overlapMs });
    await health.judgeStart();
    progress.dialect = checkpoint.dialect;
    let partial = true;
    if (lease.notBefore !== null && lease.notBefore > clock.now()) {
      await lease.commit(checkpoint, { release: 'waiting', notBefore: lease.notBefore });
    } else {
      const log = deps.openAuditLog(connector, checkpoint.dialect);
      const run = { ...deps, connector, runId, lease, publish, deadline, force: false, dryRun: false };
      const publisher = createPagePublisher(run);
      const reading = { log, publisher, lease, deadline, clock, telemetry, connector: connector.id };
      ({ partial } = await follow(
        {
          lease,
          deadline,
          clock,
          overlapMs,
          pageRead,
          read: async (from, reader, release) => {
            const result = await readWindow(reading, from, reader, release);
            if (result.outcome === 'again') telemetry.count(connector.id, METRIC.windowRestarts, 1);
            return result;
          },
        },
        checkpoint,
      ));
    }
    await health.judgeEnd(startedAtWatermark, null);
    return report(lease.checkpoint.watermark, { partial });
  } catch (thrown) {
    countAge(lease.checkpoint.watermark);
    await recordFailure(toConnectorError(thrown), lease, health, deps, startedAtWatermark);
    throw thrown;
  } finally {
    const { lastEventAt } = lease.health;
    const since = lastEventAt ?? lease.installation.installedAt;
    telemetry.count(connector.id, METRIC.lastEventAge, Math.max(0, clock.now() - since) / 1000);
  }
}

function countPage(
  connector: string,
  { telemetry }: PollDeps,
  progress: Progress,
  { dialect, skewMs }: AuditLogPage,
  { fetched, emitted, duplicates, latestMs }: Tally,
): void {
  progress.dialect = dialect;
  progress.pages += 1;
  progress.fetched += fetched;
  progress.emitted += emitted;
  progress.duplicates += duplicates;
  telemetry.count(connector, METRIC.duplicates, duplicates);
  if (skewMs !== null) telemetry.count(connector, METRIC.clockSkew, Math.abs(skewMs) / 1000);
  if (latestMs > 0) telemetry.count(connector, METRIC.lateLag, latestMs / 1000);
}

/** Report the original failure even if recording it fails. */
async function recordFailure(
  error: ConnectorError,
  lease: LiveLease,
  health: Health,
  { telemetry }: PollDeps,
  startedAtWatermark: Millis,
): Promise<void> {
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
    await health.emitOrOwe({ kind: 'tailnetChanged', description: message, code, interval: null });
  await health.judgeEnd(startedAtWatermark, error);
}
