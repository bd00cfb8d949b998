import { METRIC, type MetricName } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { archiveInTime, publishOnExistingBus, type PollDeps, type Run } from '../pipeline/run';
import type { BackfillJob } from '../domain/backfill';
import type { SliceLease } from '../ports/backfills';
import type { Deadline } from '../domain/deadline';
import type { Telemetry } from '../ports/telemetry';

/** Metrics that are about what goes out. The others describe live polling, and alarms watch them. */
const COUNTED: ReadonlySet<MetricName> = new Set([
  METRIC.emitted,
  METRIC.schemaDrift,
  METRIC.claimed,
  METRIC.quarantined,
]);

/** The run of a slice: as a live one, under the job's id. Emits no live-polling metrics. */
export function createBackfillRun(
  job: BackfillJob,
  connector: ConnectorSettings,
  hold: SliceLease,
  deps: Omit<PollDeps, 'state' | 'outages'>,
  deadline: Deadline,
): Run<SliceLease> {
  const { telemetry } = deps;
  const run: Run<SliceLease> = {
    ...deps,
    connector,
    lease: hold,
    deadline,
    runId: job.id,
    publish: publishOnExistingBus(deps.bus),
    archive: archiveInTime(deps.archive),
    telemetry: {
      ...telemetry,
      count: (id, metric, value) => {
        if (COUNTED.has(metric)) telemetry.count(id, metric, value);
      },
    },
    observe: () => undefined,
    edge: job.force || job.dryRun ? { force: job.force, previous: new Set() } : null,
    progress: { fetched: 0, emitted: 0, duplicates: 0, pages: 0, dialect: job.dialect },
  };
  return job.dryRun ? touchingNothing(run) : run;
}

/** A dry run: everything is as if it had gone out. */
function touchingNothing(run: Run<SliceLease>): Run<SliceLease> {
  const ignore = () => undefined;
  const nothingKept = (key: string) => Promise.resolve({ bucket: '', key, sha256: '', bytes: 0 });
  const silent: Telemetry = { info: ignore, warn: ignore, error: ignore, count: ignore };
  return {
    ...run,
    lease: { ...run.lease, markPublished: () => Promise.resolve(), recordQuarantine: () => Promise.resolve() },
    publish: (events) => Promise.resolve({ accepted: events, refused: [], unsent: [] }),
    archive: { put: nothingKept, putFile: nothingKept },
    telemetry: silent,
  };
}
