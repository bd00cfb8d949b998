import { createDeadline } from '../../lib/domain/deadline';
import { poll, type PollReport } from '../../lib/poll/poll';
import type { Dialect } from '../../lib/domain/dialect';
import type { Millis } from '../../lib/domain/time';
import type { OpenAuditLog } from '../../lib/ports/audit-log';
import type { StateStore } from '../../lib/ports/checkpoints';
import type { Clock } from '../../lib/domain/deadline';
import type { BusEvent } from '../../lib/domain/event';
import type { StateOutages } from '../../lib/poll/state-outage';
import { createInMemoryArchive, createInMemoryBucket, type InMemoryBucket } from './in-memory-archive';
import { createInMemoryAuditLog } from './in-memory-audit-log';
import { createInMemoryBus, createInMemoryEventBus, type InMemoryEventBus } from './in-memory-bus';
import type { Call, Io } from './in-memory-io';
import { createInMemoryState } from './in-memory-state';
import { createInMemoryTable, type InMemoryTable } from './in-memory-table';
import { createInMemoryTailnet, type InMemoryTailnet } from './in-memory-tailnet';

/** The connector between a tailnet and AWS, all in memory, and a clock that stands still unless it is moved. */
export interface InMemoryPipeline {
  now: Millis;
  readonly tailnet: InMemoryTailnet;
  readonly table: InMemoryTable;
  readonly bucket: InMemoryBucket;
  readonly bus: InMemoryEventBus;
  /** What arrived on the bus. */
  readonly events: readonly BusEvent[];
  /** Every request so far. */
  readonly calls: Call[];
  /** Milliseconds that a request takes. */
  takes: (call: Call) => Millis;
  /** What happens before a request is served; a promise that never resolves is the death of whoever sent it. */
  meanwhile: (call: Call) => Promise<void>;
  /** Puts a record into the log at `at`, visible from `visibleFrom` on. */
  add(record: unknown, at: Millis, visibleFrom?: Millis): void;
  tick(budgetMs?: Millis): Promise<PollReport>;
}

/** Of what arrived: without what the connector says of itself. */
export const recordEvents = ({ events }: InMemoryPipeline): BusEvent[] =>
  events.filter(({ detail }) => !('kind' in detail));

export const PIPELINE_START = Date.UTC(2026, 10, 22, 12);

export interface PipelineOptions {
  readonly dialect?: Dialect;
  readonly pageSize?: number;
  /** The connector's state, if it is not to be in memory. */
  readonly openState?: (clock: Clock) => StateStore;
  /** The log that it reads, if that is not to be `tailnet`. */
  readonly openLog?: (clock: Clock) => OpenAuditLog;
}

export function createPipeline({
  dialect = 'configuration',
  pageSize = 100,
  openState,
  openLog,
}: PipelineOptions = {}): InMemoryPipeline {
  const clock = { now: () => pipeline.now };
  const tailnet = createInMemoryTailnet({ dialect, clock, pageSize });
  const bucket = createInMemoryBucket();
  const bus = createInMemoryEventBus();
  const table = createInMemoryTable(clock);
  const events: BusEvent[] = [];
  const calls: Call[] = [];
  const io: Io = async (call, effect) => {
    calls.push(call);
    pipeline.now += pipeline.takes(call);
    await pipeline.meanwhile(call);
    return effect();
  };
  let runs = 0;
  const outages: StateOutages = new Map();
  let commits = 0;
  bus.onArrival = (event) => void events.push(event);

  const pipeline: InMemoryPipeline = {
    now: PIPELINE_START,
    tailnet,
    table,
    bucket,
    bus,
    events,
    calls,
    takes: () => 0,
    meanwhile: () => Promise.resolve(),
    add(record, at, visibleFrom = at) {
      tailnet.add({ record, at, nanos: 0, visibleFrom, visibleUntil: Infinity });
    },
    tick(budgetMs = 240_000) {
      const deps = {
        openAuditLog: openLog?.(clock) ?? createInMemoryAuditLog({ tailnet: () => tailnet, clock, io }),
        state:
          openState?.(clock) ??
          createInMemoryState({ table, clock, io, newCommitId: () => `commit-${(commits += 1)}` }),
        bus: createInMemoryBus(bus, io),
        archive: createInMemoryArchive(bucket, io),
        clock,
        telemetry: { info: () => undefined, warn: () => undefined, error: () => undefined, count: () => undefined },
        outages,
        nextTurn: () => Promise.resolve(),
        newRunId: () => `run-${(runs += 1)}`,
        overlapMinutes: 60,
        severityProfile: 'spec' as const,
        expectedActivity: [],
      };
      return poll(
        [{ id: 'default', tailnet: 'example.com', secretId: 'secret', dialect }],
        deps,
        createDeadline(clock, pipeline.now + budgetMs),
      );
    },
  };
  return pipeline;
}
