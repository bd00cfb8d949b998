import { DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Place } from '../../../lib/domain/checkpoint';
import type { PublishedId } from '../../../lib/domain/published-id';
import { HOUR, MINUTE } from '../../../lib/domain/time';
import type { LiveLease } from '../../../lib/ports/checkpoints';
import { acquire, address, clock, deadline, gateway, item, NOW, openStore, partition, store, table } from './setting';

const moved = (lease: LiveLease, watermark: number): Place => ({ ...lease.checkpoint, watermark });

/** The answer to the next UpdateItem is lost after DynamoDB has applied it. */
function loseOneAnswer(): void {
  let lost = false;
  gateway.intercept(({ operation }) => {
    if (operation !== 'UpdateItem' || lost) return undefined;
    lost = true;
    return 'drop-after';
  });
}

/** A lease that another run has taken over since. */
async function overtaken(): Promise<{ zombie: LiveLease; next: LiveLease }> {
  const zombie = await acquire('one');
  clock.at += 5 * MINUTE;
  return { zombie, next: await acquire('two') };
}

describe('the lease', () => {
  it('of the first run begins five minutes before the installation', async () => {
    const lease = await acquire();
    const unswept = { doneFrom: NOW, inflight: null };
    const startFrom = NOW - 5 * MINUTE;
    expect(lease.checkpoint).toEqual({
      watermark: startFrom,
      inflight: null,
      dialect: null,
      sweeps: { hourly: unswept, daily: unswept },
    });
    expect(lease).toMatchObject({ stateLost: false, failStreak: 0 });
    expect(await item('GENESIS')).toMatchObject({
      installedAt: NOW,
      startFrom,
      idKey: 'f'.repeat(64),
      committed: false,
    });
  });

  it('[case 4] keeps a second run out for as long as the first run could last', async () => {
    await acquire('one');
    clock.at += 240_000;
    const busy = { state: 'busy', watermark: NOW - 5 * MINUTE };
    await expect(store.acquire('default', 'two', deadline)).resolves.toEqual(busy);
    clock.at = NOW + 240_000 + 5_000 + 10_001;
    await expect(store.acquire('default', 'two', deadline)).resolves.toMatchObject({ state: 'acquired' });
  });

  it('is free at once after a release, and after a failure', async () => {
    const first = await acquire('one');
    await first.commit(first.checkpoint, { release: 'whole' });
    await (await acquire('two')).fail('UNEXPECTED');
    await acquire('three');
    expect(await item('STATE')).toMatchObject({ failStreak: 1, token: 3 });
  });

  it('passes on until when Tailscale must not be called', async () => {
    const first = await acquire('one');
    await first.commit(first.checkpoint, { release: 'waiting', notBefore: NOW + HOUR });
    const second = await acquire('two');
    expect(second.notBefore).toBe(NOW + HOUR);
    expect(second.health.ending).toEqual({ how: 'waiting', code: null, since: NOW });
    await second.commit(second.checkpoint, { release: 'whole' });
    expect(await item('STATE')).not.toHaveProperty('notBefore');
  });

  it('says whether the previous run was killed', async () => {
    const { zombie, next } = await overtaken();
    expect([zombie.previousDied, next.previousDied]).toEqual([false, true]);
    await next.commit(next.checkpoint, { release: 'whole' });
    expect((await acquire('three')).previousDied).toBe(false);
  });

  it('[case 8] is acquired when only the answer was lost', async () => {
    const first = await acquire('zero');
    await first.commit(first.checkpoint, { release: 'whole' });
    loseOneAnswer();
    await expect(store.acquire('default', 'one', deadline)).resolves.toMatchObject({ state: 'acquired' });
  });

  it('exists once per connector', async () => {
    await acquire('one', 'a');
    await acquire('one', 'b');
    for (const connector of ['a', 'b'])
      expect((await partition(`TN#${connector}`)).map(({ sk }) => String(sk)).sort()).toEqual(['GENESIS', 'STATE']);
  });
});

describe('a commit', () => {
  it('keeps the whole checkpoint', async () => {
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
    const { zombie, next } = await overtaken();
    await expect(zombie.commit(moved(zombie, NOW + HOUR))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await next.commit(moved(next, NOW));
    expect(await item('STATE')).toMatchObject({ wm: NOW });
  });

  it('[case 8] succeeds when only its answer was lost', async () => {
    const lease = await acquire();
    loseOneAnswer();
    await lease.commit(moved(lease, NOW));
    await lease.commit(moved(lease, NOW + 1), { release: 'whole' });
    expect(await item('STATE')).toMatchObject({ wm: NOW + 1, rev: 2 });
  });
});

it('[case 6] a failed run does not release a lease that another run holds', async () => {
  await (await overtaken()).zombie.fail('UNEXPECTED');
  await expect(store.acquire('default', 'three', deadline)).resolves.toMatchObject({ state: 'busy' });
});

describe('a note of work', () => {
  const [one, two] = ['a'.repeat(16), 'b'.repeat(16)];

  it('names the records on which runs died, and how many runs in a row', async () => {
    await (await acquire('first')).noteWork([one, two], 0, false);
    clock.at += 5 * MINUTE;
    const second = await acquire('second');
    expect([...second.suspects]).toEqual([
      [one, 1],
      [two, 1],
    ]);
    await second.noteWork([two], 1, false);
    clock.at += 5 * MINUTE;
    expect([...(await acquire('third')).suspects]).toEqual([[two, 2]]);
  });

  it('is erased by a commit and by a failure', async () => {
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

  it('[case 6] is refused once another run has the lease', async () => {
    const { zombie } = await overtaken();
    await expect(zombie.noteWork([one], 0, false)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });
});

describe('the health record', () => {
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

  it('counts failures until a run ends whole or moves the watermark', async () => {
    await (await acquire('one')).fail('FORBIDDEN');
    const second = await acquire('two');
    await second.commit(second.checkpoint, { release: 'partial' });
    const third = await acquire('three');
    expect(third.failStreak).toBe(1);
    await third.commit(moved(third, NOW), { release: 'partial' });
    expect((await acquire('four')).failStreak).toBe(0);
  });
});

it('the ledger has each gap and each quarantined event once', async () => {
  const lease = await acquire();
  const object = { bucket: 'b', key: 'k', sha256: 'f'.repeat(64), bytes: 1 };
  for (let time = 0; time < 2; time += 1) {
    await lease.recordGap({ from: NOW - 2, until: NOW - 1 });
    await lease.recordQuarantine({ id: 'w1:1', reason: 'unparsed', object, at: NOW, position: null });
  }
  expect(await partition('TN#default#LEDGER')).toMatchObject([
    { sk: 'GAP#2026-11-22T11:59:59.998Z#2026-11-22T11:59:59.999Z' },
    { sk: 'QUAR#w1:1', ...object, reason: 'unparsed', status: 'quarantined', at: NOW },
  ]);
});

it('[case 13] state is lost when the installation record is committed and the watermark is missing', async () => {
  const first = await acquire();
  await first.commit(moved(first, NOW), { release: 'whole' });
  await table.client.send(new DeleteItemCommand(address('STATE')));
  const next = await acquire('next');
  expect(next.stateLost).toBe(true);
  expect(next.checkpoint.watermark).toBe(NOW - 5 * MINUTE);
});

it('[case 15] an attribute that is not valid is named', async () => {
  const first = await acquire();
  await first.commit(first.checkpoint, { release: 'whole' });
  const damage = { UpdateExpression: 'SET wm = :x', ExpressionAttributeValues: { ':x': { S: 'soon' } } };
  await table.client.send(new UpdateItemCommand({ ...address('STATE'), ...damage }));
  await expect(store.acquire('default', 'next', deadline)).rejects.toMatchObject({
    code: 'STATE_INVALID',
    message: expect.stringMatching(/STATE item: wm: .*rewind/) as string,
  });
});

it('fixes the tailnet with the first answer', async () => {
  const lease = await acquire();
  await lease.fixTailnet({ key: 'example.com', id: null });
  await lease.fixTailnet({ key: 'other', id: 'T1CNTRL' });
  await lease.fixTailnet({ key: 'other', id: 'T2CNTRL' });
  expect(lease.installation).toMatchObject({ tailnetKey: 'example.com', tailnetId: 'T1CNTRL' });
});

describe('published ids', () => {
  const element = (number: number, bucket = '2026112211'): PublishedId => ({
    bucket,
    element: number.toString(16).padStart(16, '0').repeat(2),
  });
  const stored = () => partition('TN#default#SEEN');

  it('are known to the next run', async () => {
    const first = await acquire();
    await first.seen(['2026112211']);
    await first.markPublished([element(1), element(2, '2026112212'), element(3, 'none')]);
    await first.commit(first.checkpoint, { release: 'whole' });
    const seen = await (await acquire('next')).seen(['2026112211', '2026112212', 'none']);
    expect([1, 2, 3, 4].map((number) => seen.status(element(number)))).toEqual(['same', 'same', 'same', 'new']);
  });

  it('show a revision by their second half', async () => {
    const lease = await acquire();
    await lease.markPublished([{ bucket: 'none', element: 'a'.repeat(16) + '1'.repeat(16) }]);
    const seen = await lease.seen(['none']);
    expect(seen.status({ bucket: 'none', element: 'a'.repeat(16) + '2'.repeat(16) })).toBe('revised');
  });

  it("[case 11] fill one item after the other, each far below DynamoDB's limit", async () => {
    const lease = await acquire();
    const all = Array.from({ length: 1_300 }, (_, number) => element(number));
    for (let start = 0; start < all.length; start += 100) await lease.markPublished(all.slice(start, start + 100));
    expect((await stored()).map(({ n }) => Number(n)).sort()).toEqual([300, 500, 500]);
    await lease.commit(lease.checkpoint, { release: 'whole' });
    const seen = await (await acquire('next')).seen(['2026112211']);
    expect(all.every((one) => seen.status(one) === 'same')).toBe(true);
  });

  it('expire 100 days after their hour, in epoch seconds', async () => {
    await (await acquire()).markPublished([element(1, '2026112215'), element(2, 'none')]);
    const ends = [Date.parse('2026-11-22T16:00:00Z'), NOW];
    expect((await stored()).map(({ exp }) => exp)).toEqual(ends.map((end) => (end + 100 * 24 * HOUR) / 1000));
  });

  it('are read once per run, hours that are close together in one query', async () => {
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

it('says what to check when the table does not exist', async () => {
  await expect(openStore('not-there').acquire('default', 'run', deadline)).rejects.toMatchObject({
    code: 'STATE_UNAVAILABLE',
    message: 'the table "not-there" does not exist in this account and region; deploy the stack again',
  });
});
