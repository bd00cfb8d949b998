import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { ConnectorError } from '../../lib/domain/errors';
import type { HealthRecord, Inflight, Place } from '../../lib/domain/checkpoint';
import { MINUTE, type Millis } from '../../lib/domain/time';
import type { CommitOptions, StateStore, LiveLease } from '../../lib/ports/checkpoints';
import { createRewinder } from '../../lib/operator/rewind';
import { createStateStore } from '../../lib/dynamodb/state-store';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { createTable } from '../../local/gateway/table';
import { directly } from '../harness/in-memory-io';
import { createInMemoryState } from '../harness/in-memory-state';
import { createInMemoryTable } from '../harness/in-memory-table';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const CONNECTOR = 'default';
const deadline = { remaining: () => 240_000, untilNear: () => 240_000, isNear: () => false, isOver: () => false };

/** One state, and what an operator or an accident does to it. */
interface Side {
  readonly store: StateStore;
  rewind(to: Millis): unknown;
  loseState(): unknown;
}

/** What whoever has the lease does. */
type Held =
  | { readonly do: 'fail' | 'look'; readonly run: number }
  | {
      readonly do: 'commit';
      readonly run: number;
      readonly checkpoint: Partial<Place>;
      readonly options: CommitOptions;
    }
  | {
      readonly do: 'note';
      readonly run: number;
      readonly records: readonly string[];
      readonly deaths: number;
      readonly progressed: boolean;
    }
  | { readonly do: 'alerts'; readonly run: number; readonly alerts: Pick<HealthRecord, 'alert' | 'owed'> }
  | { readonly do: 'observe'; readonly run: number; readonly seen: Parameters<LiveLease['observe']>[0] }
  | { readonly do: 'mark' | 'seen'; readonly run: number; readonly bucket: string; readonly element: string }
  | { readonly do: 'fix'; readonly run: number; readonly key: string; readonly id: string | null };

type Step =
  | Held
  | { readonly do: 'acquire'; readonly run: number }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'rewind'; readonly minutes: number }
  | { readonly do: 'lose' };

const RUNS = 3;
const run = fc.nat(RUNS - 1);
const inflight: fc.Arbitrary<Inflight> = fc.record({
  from: fc.nat(9),
  until: fc.integer({ min: 10, max: 19 }),
  asOf: fc.option(fc.nat(9)),
  cursor: fc.option(fc.constantFrom('a', 'b')),
  page: fc.nat(3),
  restarts: fc.nat(2),
});
const sweep = fc.record({
  doneFrom: fc.nat(9),
  inflight: fc.option(inflight.map((window) => ({ ...window, startedAt: 5 }))),
});
const checkpoint: fc.Arbitrary<Partial<Place>> = fc.record(
  {
    watermark: fc.nat(60).map((minutes) => NOW - minutes * MINUTE),
    inflight: fc.option(inflight),
    dialect: fc.constantFrom('audit', 'configuration', null),
    sweeps: fc.record({ hourly: sweep, daily: sweep }),
  },
  { requiredKeys: [] },
);
const instant = fc.nat(9).map((minutes) => NOW + minutes * MINUTE);
const options: fc.Arbitrary<CommitOptions> = fc.record(
  {
    release: fc.constantFrom('whole', 'partial', 'waiting'),
    notBefore: instant,
    stuckOn: fc.constantFrom('a', 'b').map((digit) => digit.repeat(16)),
  },
  { requiredKeys: [] },
);
const owed = fc.record({
  kind: fc.constantFrom('blind', 'recovered', 'catchingUp', 'tailnetChanged', 'dialectChanged'),
  description: fc.constantFrom('one', 'two'),
  code: fc.constantFrom('FORBIDDEN', null),
  at: instant,
  runId: fc.constant('run'),
  interval: fc.constantFrom({ from: 1, until: 2 }, null),
});
const alerts = fc.record({
  alert: fc.option(fc.record({ kind: fc.constantFrom('blind', 'catchingUp'), since: instant, at: instant })),
  owed: fc.array(owed, { maxLength: 3 }),
});
const observed = fc.record(
  { lastEventAt: instant, matched: fc.dictionary(fc.constantFrom('rule', 'other'), instant) },
  { requiredKeys: [] },
);
const half = fc.constantFrom('a', 'b', 'c').map((digit) => digit.repeat(16));
const marking = {
  run,
  bucket: fc.constantFrom('2026112211', '2026112212', 'none'),
  element: fc.tuple(half, half).map(([id, content]) => id + content),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('acquire' as const), run }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), run, checkpoint, options }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('note' as const),
      run,
      records: fc.uniqueArray(half, { maxLength: 2 }),
      deaths: fc.nat(2),
      progressed: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('alerts' as const), run, alerts }),
  fc.record({ do: fc.constant('observe' as const), run, seen: observed }),
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('mark' as const, 'seen' as const), ...marking }) },
  fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 4, 5) }),
  fc.record({ do: fc.constantFrom('fail' as const, 'look' as const), run }),
  fc.record({
    do: fc.constant('fix' as const),
    run,
    key: fc.constantFrom('one', 'two'),
    id: fc.constantFrom('T1', 'T2', null),
  }),
  fc.record({ do: fc.constant('rewind' as const), minutes: fc.nat(90) }),
  fc.record({ do: fc.constant('lose' as const) }),
);

/** What a caller of the port is told, step by step. */
async function live(side: Side, steps: readonly Step[], clock: { at: Millis }): Promise<readonly unknown[]> {
  const tenures: (LiveLease | undefined)[] = [];
  const said: unknown[] = [];
  clock.at = NOW;
  for (const one of steps)
    said.push(await take(one).catch((error: unknown) => (error instanceof ConnectorError ? error.code : error)));
  return said;

  async function take(one: Step): Promise<unknown> {
    if (one.do === 'wait') clock.at += one.minutes * MINUTE;
    else if (one.do === 'rewind') await side.rewind(NOW - one.minutes * MINUTE);
    else if (one.do === 'lose') await side.loseState();
    else if (one.do === 'acquire') {
      const acquisition = await side.store.acquire(CONNECTOR, `run-${one.run}-${said.length}`, deadline);
      if (acquisition.state !== 'acquired') return acquisition;
      tenures[one.run] = acquisition.lease;
      return view(acquisition.lease);
    } else return hold(tenures[one.run], one);
    return undefined;
  }
}

async function hold(lease: LiveLease | undefined, one: Held): Promise<unknown> {
  if (lease === undefined) return 'holds nothing';
  switch (one.do) {
    case 'look':
      break;
    case 'fail':
      return lease.fail('UNEXPECTED');
    case 'mark':
      return lease.markPublished([one]);
    case 'seen':
      return (await lease.seen([one.bucket])).status(one);
    case 'note':
      await lease.noteWork(one.records, one.deaths, one.progressed);
      break;
    case 'alerts':
      await lease.saveAlerts(one.alerts);
      break;
    case 'observe':
      lease.observe(one.seen);
      break;
    case 'fix':
      await lease.fixTailnet(one);
      break;
    case 'commit':
      await lease.commit({ ...lease.checkpoint, ...one.checkpoint }, one.options);
  }
  return view(lease);
}

const view = ({
  checkpoint: at,
  installation: { idKey, ...installation },
  stateLost,
  previousDied,
  notBefore,
  failStreak,
  health,
  suspects,
}: LiveLease) => ({
  checkpoint: at,
  installation,
  hasKey: idKey !== '',
  stateLost,
  previousDied,
  notBefore,
  failStreak,
  health,
  suspects: [...suspects].sort(),
});

let gateway: Gateway;
let client: DynamoDBClient;
beforeAll(async () => {
  gateway = await startGateway();
  client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
});
afterAll(async () => {
  client.destroy();
  await gateway.close();
});

it("holds the simulation's state to what lib/state answers, through any sequence of runs, commits, rewinds and losses", async () => {
  let tables = 0;
  const clock = { at: NOW, now: () => clock.at };

  const onDynamo = async (): Promise<Side> => {
    const name = `contract-${(tables += 1)}`;
    await createTable(gateway.url, name);
    const table = { client, name };
    let commits = 0;
    return {
      store: createStateStore({
        table,
        clock,
        newCommitId: () => `commit-${(commits += 1)}`,
        newIdKey: () => '0'.repeat(64),
      }),
      rewind: (to) => createRewinder({ table, clock, deadline }).rewind(CONNECTOR, to),
      loseState: () =>
        client.send(
          new DeleteItemCommand({ TableName: name, Key: { pk: { S: `TN#${CONNECTOR}` }, sk: { S: 'STATE' } } }),
        ),
    };
  };
  const inMemory = (): Side => {
    const table = createInMemoryTable(clock);
    let commits = 0;
    return {
      store: createInMemoryState({ table, clock, io: directly, newCommitId: () => `commit-${(commits += 1)}` }),
      rewind: (to) => {
        table.rewind(CONNECTOR, to);
      },
      loseState: () => {
        table.loseState(CONNECTOR);
      },
    };
  };

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }), async (steps) => {
      const real = await live(await onDynamo(), steps, clock);
      expect(await live(inMemory(), steps, clock)).toEqual(real);
    }),
    { numRuns: 30, endOnFailure: true },
  );
});
