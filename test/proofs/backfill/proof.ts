import { ConditionalCheckFailedException, UpdateItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { UNIT_EVENTS } from '../../../lib/pipeline/deliver';
import type { BackfillPlan, BackfillReport, SliceInvocation } from '../../../lib/contract/backfill';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { BACKFILL_BUNDLE, type Sandbox } from '../../harness/lambda';
import { openEnvironment, record, type TestEnvironment } from '../../harness/environment';
import { watchMemory } from './memory';
import { MINUTE, HOUR, DAY } from '../../../lib/domain/time';

/** Milliseconds an invocation has: what is deployed. */
const REMAINING_MS = 900_000;

/** Records that are new at each live tick. */
const LIVE_RECORDS = 3;

export interface ProofOptions {
  readonly records: number;
  /** Over which they lie. */
  readonly days: number;
  readonly sliceHours: number;
  /** Concurrent slices, each in another sandbox. */
  readonly atOnce: number;
  /** Sandboxes that are killed on the way, in the middle of a page. */
  readonly kills: number;
  /** Live ticks in between. */
  readonly ticks: number;
}

export interface Evidence {
  readonly slices: number;
  /** Records that are not on the bus. */
  readonly missing: number;
  /** Copies beyond the first, over all events, and the most that one event came. */
  readonly repeated: number;
  readonly mostCopies: number;
  /** What the kills allow of them. */
  readonly allowed: number;
  readonly killed: number;
  readonly report: BackfillReport;
  /** What each live tick said. */
  readonly live: readonly {
    readonly fetched: number;
    readonly emitted: number;
    readonly partial: boolean;
    readonly busy: boolean;
    readonly ms: number;
  }[];
  /** MiB that a sandbox of the backfill had at most, while the first and the second half of the events went out. */
  readonly memory: readonly [number, number];
  readonly seconds: number;
}

/** Backfills a long range in concurrent slices, with kills, concurrently with live polling. */
export async function prove(options: ProofOptions): Promise<Evidence> {
  const began = performance.now();
  const setup = await openEnvironment({ dialect: 'configuration', remember: false });
  try {
    return await proveIn(setup, options, began);
  } finally {
    await setup.close();
  }
}

async function proveIn(setup: TestEnvironment, options: ProofOptions, began: number): Promise<Evidence> {
  const live = await setup.sandbox();
  await live.poll();
  const records = recordsOf(options);
  setup.api.add(records);

  const seen = { byId: new Map<string, number>(), groups: new Set<string>(), total: 0 };
  const workers = createWorkers(setup, options.atOnce);
  const memory = watchMemory(workers.pids, () => (seen.groups.size < options.records / 2 ? 0 : 1));
  let killed = 0;
  setup.gateway.events.on('tailscale-audit', null, ({ detail }) => {
    const id = String(detail['id']);
    if (!isBackfilled(detail)) return;
    seen.byId.set(id, (seen.byId.get(id) ?? 0) + 1);
    seen.groups.add(String(detail['groupId']));
    seen.total += 1;
    if (
      killed < options.kills &&
      seen.groups.size >= ((killed + 1) * options.records) / (options.kills + 1) &&
      workers.killOne()
    )
      killed += 1;
  });

  const planner = await setup.sandbox({}, { bundle: BACKFILL_BUNDLE });
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
  const plan = (await planner.invoke({
    action: 'plan',
    from: ago(options.days * DAY),
    until: ago(30 * MINUTE),
    sliceHours: options.sliceHours,
  })) as BackfillPlan;

  const ticks: Evidence['live'][number][] = [];
  const tick = async (): Promise<void> => {
    setup.api.add(Array.from({ length: LIVE_RECORDS }, () => record(0)));
    const at = performance.now();
    const [answer] = (await live.poll()).connectors;
    if (answer === undefined) throw new Error('the live tick answered for no connector');
    const { fetched, emitted, partial, busy } = answer;
    ticks.push({ fetched, emitted, partial, busy, ms: Math.round(performance.now() - at) });
  };
  let finished = 0;
  let ticking = Promise.resolve();
  await workers.run(plan.slices, () => {
    finished += 1;
    if (ticks.length < options.ticks && finished % Math.max(1, Math.floor(plan.slices.length / options.ticks)) === 0)
      ticking = ticking.then(tick);
  });
  await ticking;
  memory.stop();

  const report = (await planner.invoke({ action: 'report', jobId: plan.jobId })) as BackfillReport;
  return {
    slices: plan.slices.length,
    missing: records.length - seen.groups.size,
    repeated: seen.total - seen.byId.size,
    mostCopies: [...seen.byId.values()].reduce((most, copies) => Math.max(most, copies), 0),
    allowed: killed * 2 * UNIT_EVENTS,
    killed,
    report,
    live: ticks,
    memory: memory.highest,
    seconds: (performance.now() - began) / 1000,
  };
}

/** Spread evenly, from just inside the range to an hour ago. */
function recordsOf({ records, days }: ProofOptions): object[] {
  const step = (days * DAY - 2 * HOUR) / records;
  return Array.from({ length: records }, (_, index) => record(Math.round(HOUR + index * step)));
}

function isBackfilled({ ingest }: Readonly<Record<string, unknown>>): boolean {
  return typeof ingest === 'object' && ingest !== null && 'mode' in ingest && ingest.mode === 'backfill';
}

/** Runs slices concurrently, each worker in another sandbox. A killed one is replaced. */
function createWorkers(setup: TestEnvironment, count: number) {
  const busy = new Set<Sandbox>();
  return {
    pids: () => [...busy].flatMap(({ pid }) => pid ?? []),
    /** Kills a sandbox that is working. @returns whether there was one */
    killOne() {
      const [doomed] = busy;
      if (doomed === undefined) return false;
      busy.delete(doomed);
      void doomed.kill();
      return true;
    },
    async run(slices: readonly SliceInvocation[], onDone: () => void): Promise<void> {
      const waiting = [...slices];
      const work = async (): Promise<void> => {
        let sandbox = await setup.sandbox({}, { bundle: BACKFILL_BUNDLE });
        for (let slice = waiting.shift(); slice !== undefined;) {
          busy.add(sandbox);
          const answer: BackfillReport | null = await sandbox.invoke(slice, REMAINING_MS).then(
            (report) => report as BackfillReport,
            (error: unknown) => {
              if (busy.has(sandbox)) throw error;
              return null;
            },
          );
          if (answer === null) {
            await leaseIsOver(setup, slice);
            sandbox = await setup.sandbox({}, { bundle: BACKFILL_BUNDLE });
          } else if (answer.done) {
            onDone();
            slice = waiting.shift();
          } else {
            slice = answer.next ?? undefined;
          }
        }
        busy.delete(sandbox);
        await sandbox.kill();
      };
      await Promise.all(Array.from({ length: count }, work));
    },
  };
}

/** As if the time of a killed invocation's lease had passed. */
async function leaseIsOver(setup: TestEnvironment, { jobId, slice }: SliceInvocation): Promise<void> {
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: setup.gateway.url });
  const command = new UpdateItemCommand({
    TableName: 'tailscale-audit',
    Key: marshall({ pk: 'TN#default#BF', sk: `${jobId}#${slice}` }),
    UpdateExpression: 'SET leaseUntil = :past',
    // An invocation that was killed before it took its lease has left no item.
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: marshall({ ':past': 0 }),
  });
  await client.send(command).catch((error: unknown) => {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  });
  client.destroy();
}

/** What is wrong; nothing: all is as promised. */
export function problemsOf(
  { missing, repeated, mostCopies, allowed, killed, report, live, memory }: Evidence,
  { records, kills, ticks }: ProofOptions,
): string[] {
  return [
    ...(missing > 0 ? [`${missing} records are not on the bus`] : []),
    ...(repeated > allowed ? [`${repeated} copies too many, and ${killed} kills allow ${allowed}`] : []),
    ...(mostCopies > 1 + kills ? [`one event came ${mostCopies} times`] : []),
    ...(killed < kills ? [`only ${killed} sandboxes were killed`] : []),
    ...(report.done ? [] : ['the report says that the job is not done']),
    ...(report.emitted + report.duplicates < records
      ? [`the report knows of ${report.emitted} emitted events and ${report.duplicates} duplicates`]
      : []),
    ...(live.length < ticks ? [`only ${live.length} live ticks`] : []),
    ...live.flatMap(({ fetched, emitted, partial, busy }, index) =>
      fetched === (index + 1) * LIVE_RECORDS && emitted === LIVE_RECORDS && !partial && !busy
        ? []
        : [`live tick ${index + 1} noticed: ${JSON.stringify(live[index])}`],
    ),
    ...(memory[1] > memory[0] * 1.2 ? [`memory grows: ${memory[0]} MiB, then ${memory[1]} MiB`] : []),
  ];
}
