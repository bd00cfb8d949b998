import { DeleteItemCommand, DynamoDBClient, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Place } from '../../../lib/domain/checkpoint';
import type { PublishedId } from '../../../lib/domain/published-id';
import type { StateStore, LiveLease } from '../../../lib/ports/checkpoints';
import { createStateStore } from '../../../lib/dynamodb/state-store';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../../local/gateway/server';
import { createTable } from '../../../local/gateway/table';
import { HOUR } from '../../../lib/domain/time';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const TABLE = 'tailscale-audit';

let gateway: Gateway;
let client: DynamoDBClient;
let store: StateStore;
let now: number;
let commits: number;
const clock = { now: () => now };
const deadline = { remaining: () => 240_000, untilNear: () => 240_000, isNear: () => false, isOver: () => false };

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());
let tables = 0;
let name: string;
beforeEach(async () => {
  name = `${TABLE}-${(tables += 1)}`;
  await createTable(gateway.url, name);
  client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url, maxAttempts: 2 });
  now = NOW;
  commits = 0;
  store = createStateStore({
    table: { client, name },
    clock,
    newCommitId: () => `commit-${(commits += 1)}`,
    newIdKey: () => 'f'.repeat(64),
  });
});
afterEach(() => {
  client.destroy();
});

const items = async () =>
  ((await client.send(new ScanCommand({ TableName: name }))).Items ?? []).map((item) => unmarshall(item));
const item = async (sk: string) => (await items()).find((one) => one['sk'] === sk);

async function acquire(runId = 'run', connector = 'default'): Promise<LiveLease> {
  const acquisition = await store.acquire(connector, runId, deadline);
  if (acquisition.state !== 'acquired') throw new Error(`not acquired: ${acquisition.state}`);
  return acquisition.lease;
}
const moved = (lease: LiveLease, watermark: number): Place => ({ ...lease.checkpoint, watermark });

describe('the lease', () => {
  it('begins five minutes back on the very first run', async () => {
    const lease = await acquire();
    const unswept = { doneFrom: NOW, inflight: null };
    expect(lease.checkpoint).toEqual({
      watermark: NOW - 5 * 60_000,
      inflight: null,
      dialect: null,
      sweeps: { hourly: unswept, daily: unswept },
    });
    expect(lease).toMatchObject({ stateLost: false, failStreak: 0 });
    expect(await item('GENESIS')).toMatchObject({
      installedAt: NOW,
      startFrom: NOW - 5 * 60_000,
      idKey: 'f'.repeat(64),
      committed: false,
    });
  });

  it('[case 4] keeps a second run out for as long as the first one could go on', async () => {
    await acquire('one');
    now += 240_000;
    await expect(store.acquire('default', 'two', deadline)).resolves.toEqual({
      state: 'busy',
      watermark: NOW - 5 * 60_000,
    });
    now = NOW + 240_000 + 5_000 + 10_001;
    await expect(store.acquire('default', 'two', deadline)).resolves.toMatchObject({ state: 'acquired' });
  });

  it('is free at once after a release, and after a failure', async () => {
    const first = await acquire('one');
    await first.commit(first.checkpoint, { release: 'whole' });
    const second = await acquire('two');
    await second.fail('UNEXPECTED');
    await acquire('three');
    expect(await item('STATE')).toMatchObject({ failStreak: 1, token: 3 });
  });

  it('tells the next run until when Tailscale is not to be called', async () => {
    const first = await acquire('one');
    await first.commit(first.checkpoint, { release: 'waiting', notBefore: NOW + HOUR });
    const second = await acquire('two');
    expect(second.notBefore).toBe(NOW + HOUR);
    expect(second.health.ending).toEqual({ how: 'waiting', code: null, since: NOW });
    await second.commit(second.checkpoint, { release: 'whole' });
    expect(await item('STATE')).not.toHaveProperty('notBefore');
  });

  it('tells the next run whether the one before was killed', async () => {
    const first = await acquire('one');
    expect(first.previousDied).toBe(false);
    now += 300_000;
    const second = await acquire('two');
    expect(second.previousDied).toBe(true);
    await second.commit(second.checkpoint, { release: 'whole' });
    expect((await acquire('three')).previousDied).toBe(false);
  });

  it('[case 8] is its own when only the answer to taking it was lost', async () => {
    await acquire('zero').then((lease) => lease.commit(lease.checkpoint, { release: 'whole' }));
    let lost = false;
    const stop = gateway.intercept(({ operation }) => {
      if (operation !== 'UpdateItem' || lost) return undefined;
      lost = true;
      return 'drop-after';
    });
    await expect(store.acquire('default', 'one', deadline)).resolves.toMatchObject({ state: 'acquired' });
    stop();
  });

  it('is one per connector', async () => {
    await acquire('one', 'a');
    await acquire('one', 'b');
    expect((await items()).map(({ pk, sk }) => `${String(pk)} ${String(sk)}`).sort()).toEqual([
      'TN#a GENESIS',
      'TN#a STATE',
      'TN#b GENESIS',
      'TN#b STATE',
    ]);
  });
});

describe('a commit', () => {
  it('keeps the whole place', async () => {
    const lease = await acquire();
    const inflight = { from: 1, until: 2, asOf: 3, cursor: 'c', page: 4, restarts: 1 };
    const sweeps = {
      hourly: { doneFrom: 5, inflight: { ...inflight, startedAt: 6 } },
      daily: { doneFrom: 7, inflight: null },
    };
    const checkpoint: Place = { watermark: NOW, dialect: 'audit', inflight, sweeps };
    await lease.commit(checkpoint, { release: 'whole' });
    expect((await acquire('next')).checkpoint).toEqual(checkpoint);
    expect(await item('GENESIS')).toMatchObject({ committed: true });
  });

  it('[case 6] is refused once another run has the lease', async () => {
    const zombie = await acquire('one');
    now += 300_000;
    const next = await acquire('two');
    await expect(zombie.commit(moved(zombie, NOW + HOUR))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await next.commit(moved(next, NOW));
    expect(await item('STATE')).toMatchObject({ wm: NOW });
  });

  it('[case 8] had worked when only its answer was lost', async () => {
    const lease = await acquire();
    let lost = false;
    const stop = gateway.intercept(({ operation }) => {
      if (operation !== 'UpdateItem' || lost) return undefined;
      lost = true;
      return 'drop-after';
    });
    await lease.commit(moved(lease, NOW));
    stop();
    await lease.commit(moved(lease, NOW + 1), { release: 'whole' });
    expect(await item('STATE')).toMatchObject({ wm: NOW + 1, rev: 2 });
  });

  it('[case 6] does not give away a lease that another run holds', async () => {
    const zombie = await acquire('one');
    now += 300_000;
    await acquire('two');
    await zombie.fail('UNEXPECTED');
    await expect(store.acquire('default', 'three', deadline)).resolves.toMatchObject({ state: 'busy' });
  });
});

describe('a note of work', () => {
  const [one, two] = ['a'.repeat(16), 'b'.repeat(16)];

  it('names the records on which a run died, and how often in a row', async () => {
    await (await acquire('first')).noteWork([one, two], 0, false);
    now += 300_000;
    const second = await acquire('second');
    expect([...second.suspects]).toEqual([
      [one, 1],
      [two, 1],
    ]);
    await second.noteWork([two], 1, false);
    now += 300_000;
    expect([...(await acquire('third')).suspects]).toEqual([[two, 2]]);
  });

  it('is gone after a commit and after a failure', async () => {
    const first = await acquire('first');
    await first.noteWork([one], 0, true);
    await first.commit(first.checkpoint, { release: 'whole' });
    const second = await acquire('second');
    expect(second.suspects.size).toBe(0);
    await second.noteWork([one], 0, false);
    await second.fail('BUS_EXHAUSTED');
    expect((await acquire('third')).suspects.size).toBe(0);
  });

  it('stays for a record that used up the time of a run', async () => {
    const first = await acquire('first');
    await first.noteWork([one, two], 0, false);
    await first.commit(first.checkpoint, { release: 'partial', stuckOn: two });
    const second = await acquire('second');
    expect([...second.suspects]).toEqual([[two, 1]]);
    await second.commit(second.checkpoint, { release: 'partial', stuckOn: two });
    expect([...(await acquire('third')).suspects]).toEqual([[two, 2]]);
  });

  it('[case 6] is refused once another run has the lease, or the watermark was set back', async () => {
    const zombie = await acquire('one');
    now += 300_000;
    await acquire('two');
    await expect(zombie.noteWork([one], 0, false)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });
});

describe('what is known of how runs fared', () => {
  it('is kept from run to run', async () => {
    const first = await acquire('one');
    first.observe({ lastEventAt: NOW - 1, matched: { ci: NOW } });
    await first.commit(moved(first, NOW), { release: 'whole' });
    const alert = { kind: 'blind', since: NOW, at: NOW } as const;
    const owed = [{ kind: 'blind', description: 'x', code: null, at: NOW, runId: 'one', interval: null }] as const;
    await first.saveAlerts({ alert, owed });
    expect((await acquire('two')).health).toEqual({
      ending: { how: 'whole', code: null, since: NOW },
      progressAt: NOW,
      alert,
      owed,
      lastEventAt: NOW - 1,
      matched: { ci: NOW },
    });
  });

  it('counts failures until a run ends whole or moves the watermark: a partial one proves nothing', async () => {
    await (await acquire('one')).fail('FORBIDDEN');
    const second = await acquire('two');
    await second.commit(second.checkpoint, { release: 'partial' });
    const third = await acquire('three');
    expect(third.failStreak).toBe(1);
    await third.commit(moved(third, NOW), { release: 'partial' });
    expect((await acquire('four')).failStreak).toBe(0);
  });
});

describe('a ledger', () => {
  it('has each gap and each event that was put aside once', async () => {
    const lease = await acquire();
    const object = { bucket: 'b', key: 'k', sha256: 'f'.repeat(64), bytes: 1 };
    for (let time = 0; time < 2; time += 1) {
      await lease.recordGap({ from: NOW - 2, until: NOW - 1 });
      await lease.recordQuarantine({ id: 'w1:1', reason: 'unparsed', object, at: NOW, position: null });
    }
    const ledger = (await items()).filter(({ pk }) => pk === 'TN#default#LEDGER');
    expect(ledger.map(({ sk }) => String(sk))).toEqual([
      'GAP#2026-11-22T11:59:59.998Z#2026-11-22T11:59:59.999Z',
      'QUAR#w1:1',
    ]);
    expect(ledger[1]).toMatchObject({ ...object, reason: 'unparsed', status: 'quarantined', at: NOW });
  });
});

describe('lost state', () => {
  it('[case 13] is known by a committed genesis without a watermark', async () => {
    const first = await acquire();
    await first.commit(moved(first, NOW), { release: 'whole' });
    await client.send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: 'TN#default' }, sk: { S: 'STATE' } } }));
    const next = await acquire('next');
    expect(next.stateLost).toBe(true);
    expect(next.checkpoint.watermark).toBe(NOW - 5 * 60_000);
  });

  it('[case 15] is named where an attribute is not what we write', async () => {
    const first = await acquire();
    await first.commit(first.checkpoint, { release: 'whole' });
    await client.send(
      new UpdateItemCommand({
        TableName: name,
        Key: { pk: { S: 'TN#default' }, sk: { S: 'STATE' } },
        UpdateExpression: 'SET wm = :x',
        ExpressionAttributeValues: { ':x': { S: 'soon' } },
      }),
    );
    await expect(store.acquire('default', 'next', deadline)).rejects.toMatchObject({
      code: 'STATE_INVALID',
      message: expect.stringMatching(/STATE item: wm: .*rewind/) as string,
    });
  });
});

it('fixes the tailnet with the first answer, for good', async () => {
  const lease = await acquire();
  await lease.fixTailnet({ key: 'example.com', id: null });
  await lease.fixTailnet({ key: 'other', id: 'T1CNTRL' });
  await lease.fixTailnet({ key: 'other', id: 'T2CNTRL' });
  expect(lease.installation).toMatchObject({ tailnetKey: 'example.com', tailnetId: 'T1CNTRL' });
});

describe('the seen ids', () => {
  const element = (number: number, bucket = '2026112211'): PublishedId => ({
    bucket,
    element: number.toString(16).padStart(16, '0').repeat(2),
  });

  it('are known to the next run', async () => {
    const first = await acquire();
    await first.seen(['2026112211']);
    await first.markPublished([element(1), element(2, '2026112212'), element(3, 'none')]);
    await first.commit(first.checkpoint, { release: 'whole' });
    const seen = await (await acquire('next')).seen(['2026112211', '2026112212', 'none']);
    expect([1, 2, 3, 4].map((number) => seen.status(element(number)))).toEqual(['same', 'same', 'same', 'new']);
  });

  it('tell a revision by the second half', async () => {
    const lease = await acquire();
    await lease.markPublished([{ bucket: 'none', element: 'a'.repeat(16) + '1'.repeat(16) }]);
    const seen = await lease.seen(['none']);
    expect(seen.status({ bucket: 'none', element: 'a'.repeat(16) + '2'.repeat(16) })).toBe('revised');
  });

  it("[case 11] fill one item after the other, all far below DynamoDB's limit", async () => {
    const lease = await acquire();
    const all = Array.from({ length: 1_300 }, (_, number) => element(number));
    for (let start = 0; start < all.length; start += 100) await lease.markPublished(all.slice(start, start + 100));
    const buckets = (await items()).filter(({ pk }) => pk === 'TN#default#SEEN');
    expect(buckets.map(({ n }) => Number(n)).sort()).toEqual([300, 500, 500]);
    await lease.commit(lease.checkpoint, { release: 'whole' });
    const seen = await (await acquire('next')).seen(['2026112211']);
    expect(all.every((one) => seen.status(one) === 'same')).toBe(true);
  });

  it('expire 100 days after the hour, in seconds', async () => {
    const lease = await acquire();
    await lease.markPublished([element(1, '2026112215'), element(2, 'none')]);
    const expiries = (await items()).filter(({ pk }) => pk === 'TN#default#SEEN').map(({ exp }) => Number(exp));
    expect(expiries).toEqual([
      (Date.parse('2026-11-22T16:00:00Z') + 100 * 24 * HOUR) / 1000,
      (NOW + 100 * 24 * HOUR) / 1000,
    ]);
  });

  it('are read once per run, hours that lie close in one query', async () => {
    const lease = await acquire();
    const queries = () => gateway.requests.filter(({ operation }) => operation === 'Query').length;
    const before = queries();
    await lease.seen(['2026112210', '2026112211', '2026112212', '2026112110']);
    await lease.seen(['2026112211']);
    expect(queries() - before).toBe(1);
    await lease.seen(['2026010100', 'none']);
    expect(queries() - before).toBe(3);
  });
});

it('says what to check when the table is not there', async () => {
  const lost = createStateStore({
    table: { client, name: 'not-there' },
    clock,
    newCommitId: () => 'x',
    newIdKey: () => 'f'.repeat(64),
  });
  await expect(lost.acquire('default', 'run', deadline)).rejects.toMatchObject({
    code: 'STATE_UNAVAILABLE',
    message: 'the table "not-there" does not exist in this account and region; deploy the stack again',
  });
});
