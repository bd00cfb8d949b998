import { createDeadline } from '../../../lib/domain/deadline';
import { poll, PollFailed } from '../../../lib/poll/poll';
import type { Millis } from '../../../lib/domain/time';
import type { Clock } from '../../../lib/domain/deadline';
import type { Telemetry } from '../../../lib/ports/telemetry';
import type { PollDeps } from '../../../lib/poll/poll';
import { createInMemoryArchive } from '../../harness/in-memory-archive';
import { createInMemoryAuditLog } from '../../harness/in-memory-audit-log';
import { createInMemoryBus } from '../../harness/in-memory-bus';
import { createInMemoryState } from '../../harness/in-memory-state';
import { CONNECTOR } from './plan';
import { isGoing, type Run } from './run';
import { createTransport } from './transport';
import type { SimulatedSystem } from './system';

/** Milliseconds that the handler keeps for its answer. */
const SHUTDOWN_MS = 1_000;

interface Start {
  readonly number: number;
  readonly budgetMs: Millis;
  readonly skewMs: Millis;
  readonly strikes: Run['strikes'];
}

/** The handler, as Lambda invokes it: with a time limit, and killed at its end. */
export function startRun(system: SimulatedSystem, { number, budgetMs, skewMs, strikes }: Start): Run {
  const { timeline, plan, judge, setting, oracle } = system;
  const { state } = system.table.of(CONNECTOR);
  const run: Run = {
    number,
    id: `run-${number}`,
    startedAt: timeline.now(),
    endedAt: Infinity,
    hasCrashed: false,
    skewMs,
    strikes,
    dialect: setting === 'auto' ? (state?.checkpoint?.dialect ?? plan.dialect) : setting,
    watermark: state?.wm ?? 0,
    mustWait: (state?.notBefore ?? 0) > timeline.now() + skewMs,
    hasLease: false,
    isIn: false,
    isDisturbed: !system.bus.exists || system.weather.includes('another tailnet'),
    busLost: !system.bus.exists,
    alertsLost: false,
    isDoomed: false,
    hasMoved: false,
    inherited: null,
    noted: [],
    isSparing: false,
    begun: new Set(),
    token: null,
    afterLoss: 0,
    wasSet: false,
    frozenUntil: -Infinity,
    pending: 0,
    requests: 0,
    disturbances: 0,
    reader: null,
    toldStateLost: false,
    toldGap: false,
    failure: null,
    wasWhole: false,
  };
  system.trace.add(timeline.now(), run.id, `begins${skewMs === 0 ? '' : `, its clock off by ${skewMs} ms`}`);
  const clock: Clock = { now: () => timeline.now() + run.skewMs };
  const deadline = createDeadline(clock, clock.now() + budgetMs - SHUTDOWN_MS);
  const connector = { id: CONNECTOR, tailnet: 'example.com', secretId: 'secret', dialect: setting };
  void poll([connector], wire(system, run, clock), deadline).then(
    ({ connectors: [report] }) => {
      run.wasWhole = report?.partial === false && !report.busy;
      end(
        `ends${report?.partial === true ? ' early' : ''}${report?.busy === true ? ', another run is busy' : ''}: ${report?.emitted ?? 0} emitted, ${report?.duplicates ?? 0} known`,
      );
    },
    (error: unknown) => {
      run.failure = error instanceof Error ? error.message : 'failed';
      if (!(error instanceof PollFailed)) judge.violated('I18', `${run.id} ended with ${run.failure}`);
      end(`fails: ${run.failure}`);
    },
  );
  void timeline.wait(budgetMs).then(() => {
    if (!isGoing(run) || run.frozenUntil > -Infinity) return;
    if (!run.wasSet) judge.violated('I18', `${run.id} was still going on when its time was over`);
    system.trace.add(timeline.now(), run.id, 'is killed at its time limit');
    Object.assign(run, { hasCrashed: true, endedAt: timeline.now(), disturbances: run.disturbances + 1 });
    oracle.died(run);
  });

  function end(how: string): void {
    if (run.hasCrashed) return;
    system.trace.add(timeline.now(), run.id, how);
    run.endedAt = timeline.now();
    oracle.ended(run);
    if (run.pending > 0) judge.violated('I17', `${run.id} ended with ${run.pending} requests under way`);
  }
  return run;
}

function wire(system: SimulatedSystem, run: Run, clock: Clock): PollDeps {
  const { table, bucket, bus, oracle, plan } = system;
  const io = createTransport(system, run);
  let commits = 0;
  return {
    openAuditLog: createInMemoryAuditLog({
      tailnet: system.tailnet,
      clock,
      io,
      onFirstAnswer: (window) => {
        oracle.walked(run, window);
      },
    }),
    state: createInMemoryState({ table, clock, io, newCommitId: () => `${run.id} commit ${(commits += 1)}` }),
    bus: createInMemoryBus(bus, io),
    archive: createInMemoryArchive(bucket, io),
    clock,
    telemetry: createTelemetry(system, run),
    outages: system.outages,
    newRunId: () => run.id,
    nextTurn: () => Promise.resolve(),
    overlapMinutes: plan.overlapMinutes,
    severityProfile: 'spec',
    expectedActivity: [],
  };
}

function createTelemetry({ trace, timeline }: SimulatedSystem, run: Run): Telemetry {
  const log =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      trace.add(timeline.now(), run.id, `  ${level}: ${message} ${JSON.stringify(fields)}`);
    };
  return { info: () => undefined, warn: log('warn'), error: log('error'), count: () => undefined };
}
