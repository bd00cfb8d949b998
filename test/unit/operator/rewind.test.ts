import { DynamoDBClient, GetItemCommand, UpdateItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Place } from '../../../lib/domain/checkpoint';
import type { LiveLease } from '../../../lib/ports/checkpoints';
import { createRewinder, type Rewinder } from '../../../lib/operator/rewind';
import { createStateStore } from '../../../lib/dynamodb/state-store';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../../local/gateway/server';
import { createTable } from '../../../local/gateway/table';
import { HOUR } from '../../../lib/domain/time';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const TARGET = NOW - 2 * HOUR;

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

let tables = 0;
let name: string;
let now: number;
let rewinder: Rewinder;
const clock = { now: () => now };
const deadline = { remaining: () => 240_000, untilNear: () => 240_000, isNear: () => false, isOver: () => false };
beforeEach(async () => {
  name = `table-${(tables += 1)}`;
  await createTable(gateway.url, name);
  now = NOW;
  rewinder = createRewinder({ table: { client, name }, clock, deadline });
});

const key = (sk: string) => marshall({ pk: 'TN#default', sk });
async function item(sk: string): Promise<Record<string, unknown>> {
  const { Item = {} } = await client.send(new GetItemCommand({ TableName: name, Key: key(sk), ConsistentRead: true }));
  return unmarshall(Item);
}
async function damage(sk: string, attribute: string, value: AttributeValue | undefined): Promise<void> {
  const change =
    value === undefined
      ? { UpdateExpression: 'REMOVE #a' }
      : { UpdateExpression: 'SET #a = :v', ExpressionAttributeValues: { ':v': value } };
  await client.send(
    new UpdateItemCommand({ TableName: name, Key: key(sk), ExpressionAttributeNames: { '#a': attribute }, ...change }),
  );
}

async function acquire(runId = 'run'): Promise<LiveLease> {
  let commits = 0;
  const store = createStateStore({
    table: { client, name },
    clock,
    newCommitId: () => `${runId}-${(commits += 1)}`,
    newIdKey: () => 'f'.repeat(64),
  });
  const acquisition = await store.acquire('default', runId, deadline);
  if (acquisition.state !== 'acquired') throw new Error(`not acquired: ${acquisition.state}`);
  return acquisition.lease;
}

const window = { from: 1, until: 2, asOf: 3, cursor: 'c', page: 4, restarts: 1 };
const PLACE: Place = {
  watermark: NOW,
  dialect: 'audit',
  inflight: window,
  sweeps: {
    hourly: { doneFrom: NOW - 5, inflight: { ...window, startedAt: 6 } },
    daily: { doneFrom: NOW - 7, inflight: null },
  },
};

it('sets the place back whole: no window and no sweep goes on from where it was', async () => {
  const lease = await acquire();
  await lease.commit(PLACE, { release: 'whole', notBefore: NOW + HOUR });
  await expect(rewinder.rewind('default', TARGET)).resolves.toBe('rewound');
  const next = await acquire('next');
  expect(next.checkpoint).toEqual({
    watermark: TARGET,
    dialect: 'audit',
    inflight: null,
    sweeps: { hourly: { doneFrom: NOW - 5, inflight: null }, daily: { doneFrom: NOW - 7, inflight: null } },
  });
  expect(next.stateLost).toBe(false);
});

it('moves the start only where the target is before it', async () => {
  const lease = await acquire();
  await lease.commit(PLACE, { release: 'whole' });
  await rewinder.rewind('default', NOW - 60_000);
  expect(await item('GENESIS')).toMatchObject({ installedAt: NOW, startFrom: NOW - 300_000, committed: true });
  await rewinder.rewind('default', TARGET);
  expect(await item('GENESIS')).toMatchObject({ installedAt: NOW, startFrom: TARGET, committed: true });
});

describe('[case 7] a run that is under way', () => {
  it('cannot commit any more, and changes nothing when it gives up', async () => {
    const zombie = await acquire('zombie');
    await zombie.commit(PLACE);
    await rewinder.rewind('default', TARGET);
    const rewound = await item('STATE');
    await expect(zombie.commit({ ...PLACE, watermark: NOW + HOUR })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(zombie.commit(PLACE, { release: 'whole', notBefore: NOW + HOUR })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    await expect(zombie.fail('UNEXPECTED')).resolves.toBeNull();
    expect(await item('STATE')).toEqual(rewound);
  });

  it('does not keep the next one out', async () => {
    await acquire('zombie');
    await rewinder.rewind('default', NOW - 300_000);
    const next = await acquire('next');
    await next.commit({ ...next.checkpoint, watermark: NOW }, { release: 'whole' });
    expect(await item('STATE')).toMatchObject({ wm: NOW, owner: 'next' });
  });

  it('is not told that a commit worked whose answer was lost, once the watermark is elsewhere', async () => {
    const zombie = await acquire('zombie');
    let lost = false;
    const stop = gateway.intercept(async ({ operation }) => {
      if (operation !== 'UpdateItem' || lost) return undefined;
      lost = true;
      return Promise.resolve('drop-after');
    });
    const stopRewinding = gateway.intercept(async ({ operation, body }) => {
      if (operation === 'UpdateItem' && lost && JSON.stringify(body).includes('zombie-1')) {
        stopRewinding();
        await rewinder.rewind('default', NOW - 300_000);
      }
      return undefined;
    });
    await expect(zombie.commit({ ...zombie.checkpoint, watermark: NOW })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    stop();
    expect(await item('STATE')).toMatchObject({ wm: NOW - 300_000 });
  });

  it('may commit as often as it likes: the rewind gets in between, and is the last word', async () => {
    const busy = await acquire('busy');
    let commits = 0;
    const running = (async () => {
      for (;;) {
        await busy.commit({ ...busy.checkpoint, watermark: NOW });
        commits += 1;
      }
    })();
    running.catch(() => undefined);
    await expect(rewinder.rewind('default', TARGET - 3 * HOUR)).resolves.toBe('rewound');
    await expect(running).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await item('STATE')).toMatchObject({ wm: TARGET - 3 * HOUR, rev: commits + 1, token: 2 });
  });
});

it('never goes forward', async () => {
  await (await acquire()).commit({ ...PLACE, watermark: TARGET }, { release: 'whole' });
  const before = await item('STATE');
  await expect(rewinder.rewind('default', TARGET + 1)).resolves.toBe('ahead');
  expect(await item('STATE')).toEqual(before);
  await damage('STATE', 'wm', { S: 'soon' });
  await expect(rewinder.rewind('default', NOW + 1)).resolves.toBe('ahead');
});

it('makes no state where there is none', async () => {
  await expect(rewinder.rewind('default', TARGET)).resolves.toBe('missing');
  await expect(rewinder.look('default')).resolves.toBeUndefined();
  expect(await item('STATE')).toEqual({});
  expect(await item('GENESIS')).toEqual({});
});

it('gives up on a state that somebody writes between each reading and writing', async () => {
  await (await acquire()).commit(PLACE, { release: 'whole' });
  const stop = gateway.intercept(({ operation, body }) =>
    operation === 'UpdateItem' && JSON.stringify(body).includes('STATE')
      ? {
          status: 400,
          body: { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'x' },
        }
      : undefined,
  );
  await expect(rewinder.rewind('default', TARGET)).resolves.toBe('contended');
  stop();
});

describe('[case 15] a state that a run refuses to read is put right', () => {
  const BIG = '1000000000000000000000000000000';
  it.each<[sk: 'STATE' | 'GENESIS', attribute: string, value: AttributeValue | undefined]>([
    ['STATE', 'wm', { S: 'soon' }],
    ['STATE', 'wm', { N: '1.5' }],
    ['STATE', 'wm', { N: BIG }],
    ['STATE', 'wm', { NULL: true }],
    ['STATE', 'token', { S: '7' }],
    ['STATE', 'token', { N: BIG }],
    ['STATE', 'token', undefined],
    ['STATE', 'rev', { S: '7' }],
    ['STATE', 'rev', undefined],
    ['STATE', 'owner', { N: '7' }],
    ['STATE', 'leaseUntil', { S: 'always' }],
    ['STATE', 'notBefore', { S: 'never' }],
    ['STATE', 'inflight', { M: { from: { N: '1' } } }],
    ['STATE', 'sweeps', { L: [] }],
    ['STATE', 'dialect', { S: 'klingon' }],
    ['STATE', 'failStreak', { S: 'many' }],
    ['GENESIS', 'startFrom', { S: 'the beginning' }],
    ['GENESIS', 'installedAt', undefined],
    ['GENESIS', 'committed', { S: 'yes' }],
  ])('%s.%s is %j', async (sk, attribute, value) => {
    await (await acquire()).commit(PLACE, { release: 'whole' });
    const zombie = await acquire('zombie');
    await damage(sk, attribute, value);
    await expect(rewinder.look('default')).resolves.toBeDefined();
    await expect(rewinder.rewind('default', TARGET)).resolves.toBe('rewound');
    await expect(zombie.commit(PLACE)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    const next = await acquire('next');
    expect(next).toMatchObject({ stateLost: false, checkpoint: { watermark: TARGET, inflight: null } });
    await next.commit({ ...next.checkpoint, watermark: NOW });
  });
});
