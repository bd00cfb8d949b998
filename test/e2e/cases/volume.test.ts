import { gunzipSync } from 'node:zlib';
import { MAX_REQUEST_BYTES } from '../../../lib/eventbridge/pack';
import { METRIC } from '../../../lib/contract/names';
import { MAX_DETAIL_BYTES } from '../../../lib/events/encode/bound';
import type { DeliveredEvent } from '../../../local/gateway/put-events';
import { record } from '../../harness/environment';
import { about, createEnvironments, delivered, HOUR, MINUTE } from './environments';

const environments = createEnvironments();

const bytes = ({ detail }: DeliveredEvent) => Buffer.byteLength(JSON.stringify(detail));

it('[case 52] never sends a request over the limit, and splits before it', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  setup.api.add(
    Array.from({ length: 12 }, (_, index) => record(1_000, about(`big-${index}`, { new: 'é'.repeat(110_000) }))),
  );
  const requests: number[] = [];
  setup.gateway.intercept(({ operation, body }) => {
    if (operation === 'PutEvents') requests.push(Buffer.byteLength(JSON.stringify(body)));
    return undefined;
  });
  await expect((await setup.sandbox()).poll()).resolves.toMatchObject({ connectors: [{ emitted: 12 }] });
  expect(delivered(setup)).toEqual({ different: 12, copies: 1 });
  // Four of 220 KB fit into a request, a fifth does not; the envelope around the entries is not counted.
  expect(requests).toHaveLength(3);
  expect(Math.max(...requests)).toBeLessThan(MAX_REQUEST_BYTES + 2_000);
});

it('[case 53] sends an event at the limit whole, and one byte above it small, with the whole in the archive', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  const lambda = await setup.sandbox();
  setup.api.add(record(1_000, about('event', { new: '' })));
  await lambda.poll();
  const room = MAX_DETAIL_BYTES - Math.max(...setup.events.map(bytes));
  const texts = ['x', 'é', '👍'].flatMap((unit) =>
    [-1, 0, 1].map(
      (offset) =>
        unit.repeat(Math.floor((room + offset) / Buffer.byteLength(unit))) +
        'x'.repeat((room + offset) % Buffer.byteLength(unit)),
    ),
  );
  setup.api.add(texts.map((text) => record(1_000, about('event', { new: text }))));
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 9 }] });

  const [claimed, whole] = [
    setup.events.slice(1).filter(({ detail }) => detail['claimCheck'] !== null),
    setup.events.slice(1).filter(({ detail }) => detail['claimCheck'] === null),
  ];
  expect(whole.map(bytes).sort()).toEqual([-1, -1, -1, 0, 0, 0].map((offset) => MAX_DETAIL_BYTES + offset));
  expect(claimed).toHaveLength(3);
  for (const event of claimed) {
    expect(bytes(event)).toBeLessThanOrEqual(MAX_DETAIL_BYTES);
    const { bucket, key, bytes: size } = event.detail['claimCheck'] as { bucket: string; key: string; bytes: number };
    expect(size).toBe(MAX_DETAIL_BYTES + 1);
    const kept = JSON.parse(gunzipSync(setup.gateway.s3.object(bucket, key)?.body ?? '').toString()) as {
      change: { new: string };
    };
    expect(texts).toContain(kept.change.new);
  }
});

it('[case 57] gets a record through that is 2,000 levels deep, one with a million elements, and one of 10 MB', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  const deep = `${'{"a":['.repeat(1_000)}${']}'.repeat(1_000)}`;
  const texts = [
    JSON.stringify(record(1_000, about('deep', { new: 'DEEP' }))).replace('"DEEP"', deep),
    JSON.stringify(record(1_000, about('long', { new: Array.from({ length: 1e6 }, () => 1) }))),
    JSON.stringify(record(1_000, about('wide', { new: 'x'.repeat(1e7) }))),
  ];
  setup.api.intercept(() => ({ body: `{"tailnetId":"example.com","logs":[${texts.join(',')}]}` }));
  const lambda = await setup.sandbox();
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 3 }] });
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 3 }] });
  expect(Math.max(...setup.events.map(bytes))).toBeLessThanOrEqual(MAX_DETAIL_BYTES);
  expect(setup.events.filter(({ detail }) => detail['claimCheck'] !== null)).toHaveLength(2);
  expect(lambda.output()).toContain(`"${METRIC.claimed}":[1,1]`);
});

/** Records that the audit dialect's backlog has; a machine with time to spare may be given the whole 50,000. */
const BACKLOG = Number(process.env['BACKLOG'] ?? 5_000);

it.each([
  ['audit', BACKLOG, 100],
  ['configuration', 1_000, 40],
] as const)(
  '[case 64] brings a backlog in one dense hour that takes longer than a tick by several, once (%s, %i records, %i requests to the bus a tick)',
  async (dialect, count, requestsInTick) => {
    const clock = environments.clock();
    let ahead = 0;
    const setup = await environments.open({ dialect, api: { clock: { now: () => Date.now() + ahead } } });
    const watermark = Date.now() - HOUR;
    await setup.installedAgo(3 * HOUR, { watermark });
    setup.api.add(Array.from({ length: count }, (_, index) => record(((HOUR - MINUTE) / count) * index)));
    let requests = 0;
    let startedAt = 0;
    setup.gateway.intercept(({ operation }) => {
      if (operation !== 'PutEvents' || (requests += 1) % requestsInTick !== 0) return undefined;
      // Of a tick's four minutes only the time that is kept for its last writes is left.
      clock.shift((ahead = startedAt + 229_500 - Date.now()));
      return undefined;
    });
    const lambda = await setup.sandbox(clock.environment);
    let ticks = 0;
    for (let partial = true; partial; ticks += 1) {
      startedAt = Date.now() + ahead;
      const { connectors } = await lambda.poll();
      partial = connectors[0]?.partial ?? false;
      if (setup.events.length < count)
        expect(await setup.item('STATE')).toMatchObject({ wm: watermark, leaseUntil: 0 });
      expect(ticks).toBeLessThan(count / 100);
    }
    expect(ticks).toBeGreaterThan(2);
    expect(delivered(setup)).toEqual({ different: count, copies: 1 });
  },
  BACKLOG * 20,
);
