import { UpdateItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Place } from '../../../lib/domain/checkpoint';
import { HOUR, MINUTE } from '../../../lib/domain/time';
import { createRewinder } from '../../../lib/operator/rewind';
import { acquire, address, clock, deadline, gateway, item, NOW, table } from '../dynamodb/setting';

const TARGET = NOW - 2 * HOUR;
const rewinder = createRewinder({ table, clock, deadline });

async function damage(sk: string, attribute: string, value: AttributeValue | undefined): Promise<void> {
  const change =
    value === undefined
      ? { UpdateExpression: 'REMOVE #a' }
      : { UpdateExpression: 'SET #a = :v', ExpressionAttributeValues: { ':v': value } };
  const names = { ExpressionAttributeNames: { '#a': attribute } };
  await table.client.send(new UpdateItemCommand({ ...address(sk), ...names, ...change }));
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

it('sets the whole checkpoint back: no window and no sweep continues', async () => {
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

it('lowers the start only if the target is before it', async () => {
  const lease = await acquire();
  await lease.commit(PLACE, { release: 'whole' });
  await rewinder.rewind('default', NOW - MINUTE);
  expect(await item('GENESIS')).toMatchObject({ installedAt: NOW, startFrom: NOW - 5 * MINUTE, committed: true });
  await rewinder.rewind('default', TARGET);
  expect(await item('GENESIS')).toMatchObject({ installedAt: NOW, startFrom: TARGET, committed: true });
});

describe('[case 7] a run that is under way', () => {
  it('cannot commit, and changes nothing when it fails', async () => {
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

  it('does not keep the next run out', async () => {
    await acquire('zombie');
    await rewinder.rewind('default', NOW - 5 * MINUTE);
    const next = await acquire('next');
    await next.commit({ ...next.checkpoint, watermark: NOW }, { release: 'whole' });
    expect(await item('STATE')).toMatchObject({ wm: NOW, owner: 'next' });
  });

  it('loses its lease when it retries a commit whose answer was lost after the rewind', async () => {
    const zombie = await acquire('zombie');
    let lost = false;
    const stop = gateway.intercept(async ({ operation }) => {
      if (operation !== 'UpdateItem' || lost) return undefined;
      lost = true;
      return Promise.resolve('drop-after');
    });
    const stopRewinding = gateway.intercept(async ({ operation, body }) => {
      if (operation === 'UpdateItem' && lost && JSON.stringify(body).includes('lastCommitId')) {
        stopRewinding();
        await rewinder.rewind('default', NOW - 5 * MINUTE);
      }
      return undefined;
    });
    await expect(zombie.commit({ ...zombie.checkpoint, watermark: NOW })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    stop();
    expect(await item('STATE')).toMatchObject({ wm: NOW - 5 * MINUTE });
  });

  it('does not hold the rewind off, however often it commits', async () => {
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

it('creates no state', async () => {
  await expect(rewinder.rewind('default', TARGET)).resolves.toBe('missing');
  await expect(rewinder.look('default')).resolves.toBeUndefined();
  expect([await item('STATE'), await item('GENESIS')]).toEqual([undefined, undefined]);
});

it('gives up when the token changes between each read and write', async () => {
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

describe('[case 15] repairs a state that a run cannot read', () => {
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
