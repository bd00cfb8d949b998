import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import fc from 'fast-check';
import { createEventBridgeBus } from '../../../lib/eventbridge/event-bus';
import type { BusEvent } from '../../../lib/domain/event';
import type { EventBus } from '../../../lib/ports/event-bus';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import type { FaultAnswer } from '../../../local/gateway/faults';
import type { DeliveredEvent } from '../../../local/gateway/put-events';
import { startGateway, type Gateway } from '../../../local/gateway/server';

let gateway: Gateway;
let client: EventBridgeClient;
let bus: EventBus;
let arrived: DeliveredEvent[];
const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };
const events = (count: number): BusEvent[] =>
  Array.from({ length: count }, (_, number) => ({
    detailType: 'Tailscale Audit Event',
    time: Date.parse('2026-11-22T08:00:00Z'),
    detail: { number },
  }));
const numbers = () => arrived.map(({ detail }) => Number(detail['number'])).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);
const detailsOf = (body: unknown) =>
  (body as { Entries: { Detail?: string }[] }).Entries.map(({ Detail = '' }) => Detail);
const puts = () => gateway.requests.filter(({ operation }) => operation === 'PutEvents').length;
const publish = (count: number) => bus.publish(events(count), deadline);

/** The gateway rejects the entry with this number, at most so many times. */
const rejectEntry = (number: number, code: string, times = Infinity) => {
  let left = times;
  gateway.events.refuseEntries(({ Detail }) =>
    Detail === `{"number":${number}}` && left-- > 0 ? { code, message: 'x' } : undefined,
  );
};
/** The gateway answers the first PutEvents request so. */
const answerFirst = (fault: FaultAnswer | 'drop-after') => {
  let isFirst = true;
  gateway.intercept(({ operation }) => {
    if (operation !== 'PutEvents' || !isFirst) return undefined;
    isFirst = false;
    return fault;
  });
};

beforeEach(async () => {
  gateway = await startGateway();
  gateway.events.createBus('audit');
  arrived = [];
  gateway.events.on('audit', null, (event) => arrived.push(event));
  client = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url, maxAttempts: 1 });
  bus = createEventBridgeBus({ client, busName: 'audit', resendDelayMs: 1 });
});
afterEach(async () => {
  client.destroy();
  await gateway.close();
});

it("publishes in full requests, with the event's own time", async () => {
  const delivery = await publish(25);
  expect(delivery).toMatchObject({ refused: [], unsent: [], accepted: { length: 25 } });
  expect(numbers()).toEqual(upTo(25));
  expect(puts()).toBe(3);
  expect(arrived[0]).toMatchObject({ source: 'tailscale', time: '2026-11-22T08:00:00Z' });
});

it.each(['InternalFailure', 'ThrottlingException', 'SomethingNew'])(
  '[case 48] resends only the entry that was rejected with %s',
  async (code) => {
    rejectEntry(4, code, 3);
    await expect(publish(10)).resolves.toMatchObject({ unsent: [], refused: [] });
    expect(numbers()).toEqual(upTo(10));
    expect(puts()).toBe(4);
  },
);

it('returns the entries that are unsent after all resends', async () => {
  rejectEntry(4, 'InternalFailure');
  await expect(publish(10)).resolves.toMatchObject({ unsent: [events(5)[4]], accepted: { length: 9 } });
});

it('[case 49] refuses the one entry that EventBridge rejects every time', async () => {
  rejectEntry(4, 'MalformedDetail');
  const delivery = await publish(10);
  expect(delivery.refused).toEqual([{ event: events(5)[4], code: 'MalformedDetail' }]);
  expect(delivery.accepted).toHaveLength(9);
  expect(puts()).toBe(1);
});

it('stops when access to the bus is denied', async () => {
  gateway.events.refuseEntries(() => ({ code: 'AccessDeniedException', message: 'x' }));
  await expect(publish(100)).rejects.toMatchObject({
    code: 'BUS_DENIED',
    message: expect.stringContaining('events:PutEvents') as string,
  });
  const before = puts();
  await new Promise(setImmediate);
  expect(puts()).toBe(before);
});

it.each([
  [
    'that has fewer results than entries',
    { status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: 'one' }] } },
    [0, 1, 2],
  ],
  ['that is lost', 'drop-after' as const, [0, 0, 1, 1, 2, 2]],
])('[case 51] resends all entries after an answer %s', async (_, fault, expected) => {
  answerFirst(fault);
  await expect(publish(3)).resolves.toMatchObject({ unsent: [] });
  expect(numbers()).toEqual(expected);
});

it('publishes in the reserve, but not after it', async () => {
  const inReserve = { remaining: () => 5_000, untilNear: () => 0, isNear: () => true, isOver: () => false };
  await expect(bus.publish(events(3), { ...inReserve, isOver: () => true })).resolves.toMatchObject({
    accepted: [],
    unsent: events(3),
  });
  expect(puts()).toBe(0);
  await expect(bus.publish(events(3), inReserve)).resolves.toMatchObject({ accepted: events(3), unsent: [] });
});

it('leaves the last commit its time when EventBridge does not answer', async () => {
  gateway.intercept(() => new Promise(() => undefined));
  const endsAt = performance.now() + 1_000;
  const remaining = () => Math.max(0, endsAt - performance.now());
  await expect(
    bus.publish(events(3), { remaining, untilNear: () => 0, isNear: () => true, isOver: () => remaining() < 200 }),
  ).resolves.toMatchObject({ unsent: events(3) });
  expect(remaining()).toBeGreaterThan(50);
});

describe('a request that EventBridge rejects as a whole', () => {
  const refusals = {
    ValidationException: {
      status: 400,
      body: { __type: 'ValidationException', message: '1 validation error detected' },
    },
    SerializationException: { status: 400, body: { __type: 'SerializationException' } },
    RequestEntityTooLarge: { status: 413 },
    'RequestEntityTooLarge (from a proxy)': {
      status: 413,
      headers: { 'content-type': 'text/html' },
      body: '<html>413</html>',
    },
  };
  const refuseWhole = (isAtFault: (detail: string) => boolean, answer: FaultAnswer) =>
    gateway.intercept(({ operation, body }) =>
      operation === 'PutEvents' && detailsOf(body).some(isAtFault) ? answer : undefined,
    );

  it.each(Object.entries(refusals))('with %s is split until the entry at fault is alone', async (code, answer) => {
    refuseWhole((detail) => detail === '{"number":4}', answer);
    const delivery = await publish(25);
    expect(delivery).toMatchObject({ refused: [{ event: events(5)[4], code: code.split(' ')[0] }], unsent: [] });
    expect(numbers()).toEqual(upTo(25).filter((number) => number !== 4));
    expect(delivery.accepted).toHaveLength(24);
    expect(puts()).toBeLessThanOrEqual(3 + 8);
  });

  it('refuses every entry when all are at fault, and its probe publishes nothing', async () => {
    refuseWhole((detail) => detail.includes('number'), refusals.ValidationException);
    await expect(publish(3)).resolves.toMatchObject({
      accepted: [],
      refused: events(3).map((event) => ({ event, code: 'ValidationException' })),
      unsent: [],
    });
    expect(arrived).toEqual([]);
  });

  it('refuses no entry while the bus rejects every request', async () => {
    gateway.intercept(({ operation }) => (operation === 'PutEvents' ? refusals.ValidationException : undefined));
    await expect(publish(12)).resolves.toMatchObject({ accepted: [], refused: [] });
  });

  it.each([
    [400, 'ThrottlingException'],
    [400, 'ExpiredTokenException'],
    [400, 'UnrecognizedClientException'],
    [400, 'InvalidSignatureException'],
    [400, 'IncompleteSignature'],
    [403, 'SignatureDoesNotMatch'],
    [400, 'UnknownOperationException'],
    [500, 'InternalException'],
    [503, 'ServiceUnavailable'],
  ])(
    'with %i %s, which says nothing about its entries, is sent again, and no entry is refused',
    async (status, code) => {
      gateway.intercept(({ operation }) =>
        operation === 'PutEvents' ? { status, body: { __type: code } } : undefined,
      );
      expect(await publish(10)).toEqual({ accepted: [], refused: [], unsent: events(10) });
      expect(puts()).toBe(6);
    },
  );

  it('stops when access is denied for a part', async () => {
    refuseWhole((detail) => detail === '{"number":4}', refusals.ValidationException);
    rejectEntry(9, 'AccessDeniedException');
    await expect(publish(10)).rejects.toMatchObject({ code: 'BUS_DENIED' });
  });

  it('returns the entries left at the deadline as unsent', async () => {
    refuseWhole((detail) => detail === '{"number":9}', refusals.ValidationException);
    const delivery = await bus.publish(events(10), { ...deadline, isOver: () => puts() >= 3 });
    expect(puts()).toBe(3);
    expect([...delivery.accepted, ...delivery.unsent]).toEqual(events(10));
    expect(delivery.accepted).toHaveLength(5);
  });

  it('causes at most six concurrent requests', async () => {
    let underWay = 0;
    let most = 0;
    gateway.intercept(async ({ operation }) => {
      if (operation !== 'PutEvents') return undefined;
      most = Math.max(most, (underWay += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      underWay -= 1;
      return undefined;
    });
    refuseWhole((detail) => detail.includes('3'), refusals.ValidationException);
    await expect(publish(100)).resolves.toMatchObject({ unsent: [] });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(6);
  });

  const sized = (sizes: readonly number[]): BusEvent[] =>
    events(sizes.length).map((event, number) => ({
      ...event,
      detail: { number, text: 'x'.repeat(sizes[number] ?? 0) },
    }));

  it('because a partition allows less in total makes later requests smaller', async () => {
    gateway.events.limitTotalBytes(262_144);
    const large = sized(Array.from({ length: 40 }, () => 60_000));
    const all = { accepted: { length: 40 }, refused: [], unsent: [] };
    await expect(bus.publish(large, deadline)).resolves.toMatchObject(all);
    const before = puts();
    await expect(bus.publish(large, deadline)).resolves.toMatchObject(all);
    expect(puts() - before).toBe(10);
    expect(arrived).toHaveLength(80);
  });

  it('because of one entry over the limit refuses that entry', async () => {
    gateway.events.limitTotalBytes(262_144);
    const delivery = await bus.publish(sized([10, 300_000, 10, 10]), deadline);
    expect(delivery).toMatchObject({ refused: [{ code: 'ValidationException' }], unsent: [] });
    expect(numbers()).toEqual([0, 2, 3]);
  });

  it('for another reason than its size does not make later requests smaller', async () => {
    refuseWhole((detail) => detail === '{"number":4}', refusals.SerializationException);
    await publish(10);
    const before = puts();
    await bus.publish(events(20).slice(10), deadline);
    expect(puts() - before).toBe(1);
  });

  it('loses nothing, whatever is at fault and whatever the limit: every event ends in one list, good ones on the bus once', async () => {
    const kind = fc.oneof(
      { weight: 4, arbitrary: fc.constant('good') },
      fc.constantFrom('whole', 'malformed', 'throttled'),
    );
    const codes = new Map([
      ['malformed', 'MalformedDetail'],
      ['throttled', 'ThrottlingException'],
    ]);
    const entry = fc.record({ kind, size: fc.oneof(fc.nat(100), fc.nat(60_000)) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { minLength: 1, maxLength: 40 }),
        fc.oneof(fc.integer({ min: 200, max: 300_000 }), fc.constant(1_000_000)),
        async (entries, limit) => {
          arrived = [];
          gateway.events.limitTotalBytes(limit);
          const kindOf = (detail: string) => entries[(JSON.parse(detail) as { number: number }).number]?.kind;
          const calm = refuseWhole((detail) => kindOf(detail) === 'whole', refusals.ValidationException);
          const allow = gateway.events.refuseEntries(({ Detail }) => {
            const code = codes.get(kindOf(Detail ?? '[]') ?? '');
            return code === undefined ? undefined : { code, message: 'x' };
          });
          const sent = sized(entries.map(({ size }) => size));
          const delivery = await createEventBridgeBus({ client, busName: 'audit', resendDelayMs: 0 }).publish(
            sent,
            deadline,
          );
          calm();
          allow();

          const fixedBytes = 14 + 'tailscale'.length + 'Tailscale Audit Event'.length;
          const fits = ({ size }: { size: number }, number: number) =>
            fixedBytes + JSON.stringify({ number, text: '' }).length + size < limit;
          const expected = entries.map((one, number) => {
            if (one.kind === 'whole' || !fits(one, number)) return 'ValidationException';
            return one.kind === 'malformed' ? 'MalformedDetail' : one.kind;
          });
          const got = new Map<BusEvent, string>();
          for (const event of delivery.accepted) got.set(event, 'good');
          for (const { event, code } of delivery.refused) got.set(event, code);
          for (const event of delivery.unsent) got.set(event, 'throttled');
          expect(delivery.accepted.length + delivery.refused.length + delivery.unsent.length).toBe(sent.length);
          expect(sent.map((event) => got.get(event))).toEqual(expected);
          expect(numbers()).toEqual(expected.flatMap((one, number) => (one === 'good' ? [number] : [])));
        },
      ),
      { numRuns: 60 },
    );
  });
});

it('[case 50] reports a missing bus', async () => {
  await expect(bus.assertExists(deadline)).resolves.toBeUndefined();
  gateway.events.deleteBus('audit');
  await expect(bus.assertExists(deadline)).rejects.toMatchObject({
    code: 'BUS_MISSING',
    message: expect.stringContaining('"audit"') as string,
  });
});
