import pMap from 'p-map';
import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { ConnectorError, toConnectorError } from './errors';
import type { Bus, Clock, Deadline, Millis, OpenAuditLog, StateStore, Telemetry, Tenure } from './ports';
import { follow, type Progress } from './tick';

/** Connectors polled at once. */
const CONCURRENCY = 4;

export interface PollDeps {
  readonly openAuditLog: OpenAuditLog;
  readonly state: StateStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly newRunId: () => string;
  readonly overlapMinutes: number;
  readonly severityProfile: 'spec' | 'extended';
}

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
  try {
    const { progress, partial } = await follow({ ...deps, connector, tenure, deadline, runId });
    return report(tenure.place.watermark, { ...progress, partial });
  } catch (thrown) {
    countAge(tenure.place.watermark);
    await recordFailure(tenure, telemetry);
    throw thrown;
  }
}

/** The first failure is the one to report; that its bookkeeping failed too must not hide it. */
async function recordFailure(tenure: Tenure, telemetry: Telemetry): Promise<void> {
  try {
    await tenure.fail();
  } catch (thrown) {
    telemetry.warn('the failure could not be recorded', { reason: toConnectorError(thrown).message });
  }
}
