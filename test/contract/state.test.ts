import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import type { Inflight, Place } from '../../lib/domain/checkpoint';
import { ConnectorError } from '../../lib/domain/errors';
import { MINUTE, type Millis } from '../../lib/domain/time';
import { createStateStore } from '../../lib/dynamodb/state-store';
import { createRewinder } from '../../lib/operator/rewind';
import type { CommitOptions, LiveLease, StateStore } from '../../lib/ports/checkpoints';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { createTable } from '../../local/gateway/table';
import { directly } from '../harness/in-memory-io';
import { createInMemoryState } from '../harness/in-memory-state';
import { createInMemoryTable } from '../harness/in-memory-table';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const CONNECTOR = 'default';
const deadline = { remaining: () => 240_000, untilNear: () => 240_000, isNear: () => false, isOver: () => false };

/** One table with the runs that use it. */
interface Side {
  readonly store: StateStore;
  rewind(to: Millis): unknown;
  loseState(): unknown;
  readonly leases: Map<number, LiveLease>;
}

interface Step {
  readonly name: string;
  readonly run: number;
  readonly args: unknown;
  readonly take: (side: Side) => unknown;
}

const clock = { at: NOW, now: () => clock.at };
const run = fc.nat(2);

const step = <Args>(name: string, args: fc.Arbitrary<Args>, take: (side: Side, args: Args, run: number) => unknown) =>
  fc
    .tuple(run, args)
    .map(([by, with_]): Step => ({ name, run: by, args: with_, take: (side) => take(side, with_, by) }));

const byLease = <Args>(name: string, args: fc.Arbitrary<Args>, act: (lease: LiveLease, args: Args) => unknown) =>
  step(name, args, (side, with_, by) => {
    const lease = side.leases.get(by);
    return lease && act(lease, with_);
  });

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
const half = fc.constantFrom('a', 'b', 'c').map((digit) => digit.repeat(16));
const options: fc.Arbitrary<CommitOptions> = fc.record(
  { release: fc.constantFrom('whole', 'partial', 'waiting'), notBefore: instant, stuckOn: half },
  { requiredKeys: [] },
);
const alerts = fc.record({
  alert: fc.option(fc.record({ kind: fc.constantFrom('blind', 'catchingUp'), since: instant, at: instant })),
  owed: fc.constantFrom(
    [],
    [{ kind: 'blind' as const, description: 'x', code: 'FORBIDDEN', at: NOW, runId: 'run', interval: null }],
  ),
});
const mark = fc.record({
  bucket: fc.constantFrom('2026112211', '2026112212', 'none'),
  element: fc.tuple(half, half).map(([id, content]) => id + content),
});

let acquisitions = 0;
const acquire = step('acquire', fc.constant(null), async (side, _, by) => {
  const acquisition = await side.store.acquire(CONNECTOR, `run-${(acquisitions += 1)}`, deadline);
  if (acquisition.state !== 'acquired') return acquisition;
  side.leases.set(by, acquisition.lease);
  return undefined;
});
const commit = byLease('commit', fc.tuple(checkpoint, options), (lease, [next, how]) =>
  lease.commit({ ...lease.checkpoint, ...next }, how),
);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: acquire },
    { weight: 3, arbitrary: commit },
    byLease('note', fc.tuple(fc.uniqueArray(half, { maxLength: 2 }), fc.nat(2), fc.boolean()), (lease, args) =>
      lease.noteWork(...args),
    ),
    byLease('alerts', alerts, (lease, args) => lease.saveAlerts(args)),
    byLease('fail', fc.constant('UNEXPECTED' as const), (lease, code) => lease.fail(code)),
    byLease('mark', mark, (lease, one) => lease.markPublished([one])),
    byLease('seen', mark, async (lease, one) => (await lease.seen([one.bucket])).status(one)),
    byLease(
      'fix',
      fc.record({ key: fc.constantFrom('one', 'two'), id: fc.option(fc.constantFrom('T1', 'T2')) }),
      (lease, args) => lease.fixTailnet(args),
    ),
    step('wait', fc.constantFrom(1, 4, 5), (_, minutes) => void (clock.at += minutes * MINUTE)),
    step('rewind', fc.nat(90), (side, minutes) => side.rewind(NOW - minutes * MINUTE)),
    step('lose', fc.constant(null), (side) => side.loseState()),
  ),
  { minLength: 5, maxLength: 30, size: 'max' },
);

/** The answer of each step, and all that the lease of its run says afterwards. */
async function live(side: Side, all: readonly Step[]): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  clock.at = NOW;
  acquisitions = 0;
  for (const one of all) {
    const answer = await Promise.resolve(one.take(side)).catch((error: unknown) =>
      error instanceof ConnectorError ? error.code : error,
    );
    const lease = side.leases.get(one.run);
    const isOwn = ['rewind', 'lose'].includes(one.name);
    answers.push([isOwn ? null : answer, lease && { ...lease, suspects: [...lease.suspects] }]);
  }
  return JSON.parse(JSON.stringify(answers)) as unknown[];
}

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

it('the in-memory table answers as DynamoDB does, through any sequence of runs, commits, rewinds and losses', async () => {
  let tables = 0;
  let commits = 0;
  const newCommitId = () => `commit-${(commits += 1)}`;

  const onDynamo = async (): Promise<Side> => {
    const name = `contract-${(tables += 1)}`;
    await createTable(gateway.url, name);
    const table = { client, name };
    const Key = { pk: { S: `TN#${CONNECTOR}` }, sk: { S: 'STATE' } };
    return {
      store: createStateStore({ table, clock, newCommitId, newIdKey: () => 'key' }),
      rewind: (to) => createRewinder({ table, clock, deadline }).rewind(CONNECTOR, to),
      loseState: () => client.send(new DeleteItemCommand({ TableName: name, Key })),
      leases: new Map(),
    };
  };
  const inMemory = (): Side => {
    const table = createInMemoryTable(clock);
    return {
      store: createInMemoryState({ table, clock, io: directly, newCommitId }),
      rewind: (to) => {
        table.rewind(CONNECTOR, to);
      },
      loseState: () => {
        table.loseState(CONNECTOR);
      },
      leases: new Map(),
    };
  };

  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const real = await live(await onDynamo(), all);
      expect(await live(inMemory(), all)).toEqual(real);
    }),
    { numRuns: 30, endOnFailure: true },
  );
});
