import pMap from 'p-map';
import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { toConnectorError, type ConnectorError } from './errors';
import { tryToAnnounce } from './health';
import type { Deadline, Millis } from './ports';
import { archiveInTime, publishOnExistingBus, type PollDeps, type Progress, type Run } from './run';
import { follow } from './tick';

/** Connectors polled at once. */
const CONCURRENCY = 4;

/** Failed runs in a row after which the connector says that it is blind. One alone may be a hiccup. */
export const BLIND_AFTER = 2;

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
export async function poll(connectors: readonly ConnectorSettings[], deps: PollDeps, deadline: Deadline): Promise<PollReport> {
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
  const { state, telemetry } = deps;
  const nothing: Progress = { fetched: 0, emitted: 0, duplicates: 0, pages: 0, dialect: null };
  const countAge = (watermark: Millis) => {
    telemetry.count(connector.id, METRIC.watermarkAge, Math.max(0, deps.clock.now() - watermark) / 1000);
  };
  const report = (watermark: Millis | null, outcome: Progress & { partial?: boolean; busy?: boolean }): ConnectorReport => {
    if (watermark !== null) countAge(watermark);
    const time = watermark === null ? null : new Date(watermark).toISOString();
    const result = { connector: connector.id, partial: false, busy: false, ...outcome, watermark: time };
    telemetry.info('poll', result);
    return result;
  };

  if (deadline.isNear()) return report(null, { ...nothing, partial: true });
  const runId = deps.newRunId();
  const acquisition = await state.acquire(connector.id, runId, deadline);
  if (acquisition.state !== 'acquired') {
    return report(acquisition.watermark, { ...nothing, busy: acquisition.state === 'busy', partial: acquisition.state === 'waiting' });
  }

  const { tenure } = acquisition;
  const run: Run = { ...deps, connector, tenure, deadline, runId, publish: publishOnExistingBus(deps.bus), archive: archiveInTime(deps.archive), progress: nothing };
  try {
    const failed = tenure.failStreak;
    const { partial } = await follow(run);
    if (failed >= BLIND_AFTER && tenure.failStreak === 0) await tryToAnnounce(run, { kind: 'recovered', description: `polling works again after ${failed} failed runs; nothing within Tailscale's retention was skipped` });
    return report(tenure.place.watermark, { ...run.progress, partial });
  } catch (thrown) {
    countAge(tenure.place.watermark);
    await recordFailure(run, toConnectorError(thrown));
    throw thrown;
  }
}

/** The first failure is the one to report; that its bookkeeping failed too must not hide it. */
async function recordFailure(run: Run, { code, message }: ConnectorError): Promise<void> {
  try {
    const { lastFailure } = run.tenure;
    const streak = await run.tenure.fail(code);
    if (streak !== null && code === 'TAILNET_CHANGED' && (streak === 1 || lastFailure !== code)) await tryToAnnounce(run, { kind: 'tailnetChanged', code, description: message });
    if (streak === BLIND_AFTER) await tryToAnnounce(run, { kind: 'blind', code, description: `${BLIND_AFTER} runs in a row have failed, the last one with ${code}: ${message}` });
  } catch (thrown) {
    run.telemetry.warn('the failure could not be recorded', { reason: toConnectorError(thrown).message });
  }
}
