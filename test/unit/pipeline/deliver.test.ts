import type { PublishedId } from '../../../lib/domain/published-id';
import type { BusEvent } from '../../../lib/domain/event';
import { createDeadline } from '../../../lib/domain/deadline';
import { createUnitDelivery, UNIT_EVENTS, type Outgoing, type UnitDelivery } from '../../../lib/pipeline/deliver';
import { ConnectorError } from '../../../lib/domain/errors';
import type { Quarantined } from '../../../lib/domain/quarantine';
import { createQuarantine } from '../../../lib/pipeline/quarantine';
import type { Archive } from '../../../lib/ports/archive';
import { createTally, type Tally } from '../../../lib/pipeline/tally';
import { MAX_DETAIL_BYTES } from '../../../lib/events/encode/bound';
import { identify } from '../../../lib/events/identity/identify';
import { encodeAll } from '../../../lib/events/normalize';
import { createInMemoryArchive, createInMemoryBucket, type InMemoryBucket } from '../../harness/in-memory-archive';
import { createInMemoryBus, createInMemoryEventBus, type InMemoryEventBus } from '../../harness/in-memory-bus';
import { directly, type Io } from '../../harness/in-memory-io';

const NOW = Date.UTC(2026, 10, 22, 12);

interface Setting {
  /** Moves on only where a test says so. */
  readonly time: { now: number };
  readonly far: InMemoryEventBus;
  readonly bucket: InMemoryBucket;
  readonly tally: Tally;
  readonly delivery: UnitDelivery;
  /** What happened, in order: `publish 3`, `mark 3`, `fence`, `put`, `quarantine`. */
  readonly log: string[];
  readonly marks: PublishedId[];
  readonly quarantined: Quarantined[];
}

function setUp({
  io = directly,
  fence = () => Promise.resolve(),
  dryRun = false,
}: { io?: Io; fence?: () => Promise<void>; dryRun?: boolean } = {}): Setting {
  const time = { now: NOW };
  const clock = { now: () => time.now };
  const far = createInMemoryEventBus();
  const bucket = createInMemoryBucket();
  const log: string[] = [];
  const marks: PublishedId[] = [];
  const quarantined: Quarantined[] = [];
  const bus = createInMemoryBus(far, io);
  const archive = createInMemoryArchive(bucket, io);
  const quiet = () => undefined;
  const lease = {
    markPublished: (elements: readonly PublishedId[]) => {
      if (elements.length > 0) log.push(`mark ${elements.length}`);
      marks.push(...elements);
      return Promise.resolve();
    },
    recordQuarantine: (entry: Quarantined) => {
      log.push('quarantine');
      quarantined.push(entry);
      return Promise.resolve();
    },
  };
  const deadline = createDeadline(clock, NOW + 240_000);
  const telemetry = { info: quiet, warn: quiet, error: quiet, count: quiet };
  const loggedArchive: Archive = {
    ...archive,
    put: (...put) => {
      log.push('put');
      return archive.put(...put);
    },
  };
  const tally = createTally();
  const delivery = createUnitDelivery({
    publish: (events, until) => {
      log.push(`publish ${events.length}`);
      return bus.publish(events, until);
    },
    quarantine: createQuarantine({ connector: 'default', archive: loggedArchive, lease, deadline, telemetry, clock }),
    lease,
    deadline,
    clock,
    nextTurn: () => Promise.resolve(),
    dryRun,
    tally,
    fence: async () => {
      log.push('fence');
      await fence();
    },
  });
  return { time, far, bucket, tally, log, marks, quarantined, delivery };
}

const context = {
  connector: 'default',
  tailnetKey: 'k',
  mode: 'live',
  runId: 'r',
  receivedAt: NOW,
  watermark: NOW,
  severityProfile: 'spec',
  expectedActivity: [],
  oauthClientId: null,
} as const;

function eventOf(number: number, value: unknown = number): Outgoing {
  const record = {
    id: `record ${number}`,
    action: 'device:update',
    created: '2026-11-22T11:00:00Z',
    target: { id: `n${number}`, type: 'device' },
    new: value,
  };
  const [event] = encodeAll(identify(record, { tailnetKey: 'k', idKey: '0'.repeat(64) }), context, Infinity);
  if (event === undefined) throw new Error('every record has an event');
  const bytes = JSON.stringify(event.detail).length;
  return {
    kind: 'event',
    event,
    isParsed: event.countedAs !== 'unknown:unparsed',
    bytes,
    publishedIds: [event.publishedId],
  };
}

const announcement = (number: number): Outgoing => ({
  kind: 'raw',
  event: { detailType: 'Tailscale Connector Health', time: NOW, detail: { number } },
  raw: {
    id: `a1:${String(number).padStart(64, '0')}`,
    reason: 'died-twice',
    time: NOW,
    position: 'record 1',
    content: Buffer.from(`{"number":${number}}`),
  },
  bytes: 0,
  publishedIds: [{ bucket: 'none', element: `raw ${number}` }],
});

const isOf =
  (numbers: readonly number[]) =>
  ({ detail }: BusEvent) =>
    'target' in detail && numbers.includes(Number((detail.target as { id: string }).id.slice(1)))
      ? 'MalformedDetail'
      : undefined;

async function deliverAll({ delivery }: Setting, outgoing: readonly Outgoing[]): Promise<void> {
  for (const one of outgoing) await delivery.add([one]);
  await delivery.drain();
}

it('publishes in units of a hundred, and marks each after it', async () => {
  const setting = setUp();
  await deliverAll(
    setting,
    Array.from({ length: 2 * UNIT_EVENTS + 50 }, (_, number) => eventOf(number)),
  );
  expect(setting.log).toEqual([
    'fence',
    'publish 100',
    'mark 100',
    'fence',
    'publish 100',
    'mark 100',
    'fence',
    'publish 50',
    'mark 50',
  ]);
  expect(setting.tally.emitted).toBe(250);
  expect(setting.delivery.leftover()).toBeNull();
});

it('publishes a unit after a second of work, however small it is', async () => {
  const setting = setUp();
  await setting.delivery.add([eventOf(1)]);
  setting.time.now += 1_000;
  await setting.delivery.add([eventOf(2)]);
  await setting.delivery.settle();
  expect(setting.marks).toHaveLength(2);
});

it('marks what the bus accepted although the rejected rest cannot be quarantined, so that the next run does not repeat it', async () => {
  const setting = setUp();
  setting.bucket.denied = true;
  setting.far.refuse = isOf([4]);
  await deliverAll(
    setting,
    Array.from({ length: 250 }, (_, number) => eventOf(number)),
  );
  expect(setting.marks).toHaveLength(249);
  expect(setting.delivery.leftover()).toMatchObject({ kind: 'failure', error: { code: 'ARCHIVE_UNAVAILABLE' } });
});

it('marks a rejected event after it is quarantined, and counts it as delivered', async () => {
  const setting = setUp();
  setting.far.refuse = isOf([4, 5]);
  await deliverAll(
    setting,
    Array.from({ length: 10 }, (_, number) => eventOf(number)),
  );
  expect(setting.log).toEqual(['fence', 'publish 10', 'mark 8', 'put', 'put', 'quarantine', 'quarantine', 'mark 2']);
  expect(setting.quarantined.map(({ reason }) => reason)).toEqual(['MalformedDetail', 'MalformedDetail']);
  expect(setting.tally).toMatchObject({ emitted: 8, quarantined: 2 });
  expect(setting.delivery.leftover()).toBeNull();
});

it('quarantines many at once, and marks them as it goes', async () => {
  let most = 0;
  let open = 0;
  const setting = setUp({
    io: async (call, effect) => {
      if (call.service === 'archive') most = Math.max(most, (open += 1));
      await new Promise(setImmediate);
      if (call.service === 'archive') open -= 1;
      return effect();
    },
  });
  setting.far.refuse = isOf(Array.from({ length: 40 }, (_, number) => number));
  await deliverAll(
    setting,
    Array.from({ length: 40 }, (_, number) => eventOf(number)),
  );
  expect(most).toBe(16);
  expect(setting.log.filter((line) => line.startsWith('mark'))).toEqual(['mark 16', 'mark 16', 'mark 8']);
});

it('quarantines a raw record before its health event, and leaves it unmarked when the bus rejects the health event', async () => {
  const setting = setUp();
  await deliverAll(setting, [announcement(1)]);
  expect(setting.log).toEqual(['put', 'quarantine', 'fence', 'publish 1', 'mark 1']);
  expect(setting.quarantined).toMatchObject([{ reason: 'died-twice', position: 'record 1' }]);
  expect([...setting.bucket.objects.values()]).toEqual(['{"number":1}']);
  setting.far.refuse = () => 'MalformedDetail';
  await deliverAll(setting, [announcement(2)]);
  expect(setting.marks).toHaveLength(1);
  expect(setting.delivery.leftover()).toMatchObject({ kind: 'failure', error: { code: 'BUS_EXHAUSTED' } });
});

it('claims an event that is too large, and delivers its neighbours when the archive fails', async () => {
  const large = eventOf(1, 'x'.repeat(MAX_DETAIL_BYTES));
  const setting = setUp();
  await deliverAll(setting, [large]);
  expect(setting.log).toEqual(['put', 'fence', 'publish 1', 'mark 1']);
  const denied = setUp();
  denied.bucket.denied = true;
  await deliverAll(denied, [eventOf(2), large, eventOf(3)]);
  expect(denied.marks).toHaveLength(2);
  expect(denied.delivery.leftover()).toMatchObject({ kind: 'failure', error: { code: 'ARCHIVE_UNAVAILABLE' } });
});

it('publishes no further unit after one that the bus did not accept whole', async () => {
  const setting = setUp();
  setting.far.refuse = ({ detail }) =>
    'target' in detail && (detail.target as { id: string }).id === 'n7' ? 'ThrottlingException' : undefined;
  await deliverAll(
    setting,
    Array.from({ length: 350 }, (_, number) => eventOf(number)),
  );
  expect(setting.log.filter((line) => line.startsWith('publish')).length).toBeLessThanOrEqual(2);
  expect(setting.delivery.leftover()).toEqual({ kind: 'unsent', count: 350 - setting.marks.length });
});

it('publishes nothing after another run has taken over', async () => {
  let fenced = 0;
  const setting = setUp({
    fence: () =>
      (fenced += 1) > 1 ? Promise.reject(new ConnectorError('LEASE_LOST', 'another run took over')) : Promise.resolve(),
  });
  await expect(
    deliverAll(
      setting,
      Array.from({ length: 250 }, (_, number) => eventOf(number)),
    ),
  ).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(setting.marks).toHaveLength(100);
  expect(setting.log.filter((line) => line.startsWith('publish'))).toHaveLength(1);
});

it('sends nothing when only the last commit still fits', async () => {
  const setting = setUp();
  await setting.delivery.add([eventOf(1)]);
  setting.time.now += 237_000;
  await setting.delivery.drain();
  expect(setting.log).toEqual([]);
  expect(setting.delivery.leftover()).toEqual({ kind: 'unsent', count: 1 });
});

it('reports progress once after each unit', async () => {
  const setting = setUp();
  expect(setting.delivery.hasProgressed()).toBe(false);
  await deliverAll(setting, [eventOf(1)]);
  expect([setting.delivery.hasProgressed(), setting.delivery.hasProgressed()]).toEqual([true, false]);
});
