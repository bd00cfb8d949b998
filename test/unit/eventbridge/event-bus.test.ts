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
const detailsOf = (body: unknown) =>
  (body as { Entries: { Detail?: string }[] }).Entries.map(({ Detail = '' }) => Detail);
const puts = () => gateway.requests.filter(({ operation }) => operation === 'PutEvents').length;

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
  const delivery = await bus.publish(events(25), deadline);
  expect(delivery).toMatchObject({ refused: [], unsent: [] });
  expect(delivery.accepted).toHaveLength(25);
  expect(numbers()).toEqual(Array.from({ length: 25 }, (_, number) => number));
  expect(puts()).toBe(3);
  expect(arrived[0]).toMatchObject({ source: 'tailscale', time: '2026-11-22T08:00:00Z' });
});

it.each(['InternalFailure', 'ThrottlingException', 'SomethingNew'])(
  '[case 48] resends only what was refused with %s',
  async (code) => {
    let refusals = 3;
    gateway.events.refuseEntries(({ Detail }) =>
      Detail === '{"number":4}' && refusals-- > 0 ? { code, message: 'x' } : undefined,
    );
    await expect(bus.publish(events(10), deadline)).resolves.toMatchObject({ unsent: [], refused: [] });
    expect(numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(puts()).toBe(4);
  },
);

it('says what stays unsent', async () => {
  gateway.events.refuseEntries(({ Detail }) =>
    Detail === '{"number":4}' ? { code: 'InternalFailure', message: 'x' } : undefined,
  );
  const delivery = await bus.publish(events(10), deadline);
  expect(delivery.unsent).toEqual([events(5)[4]]);
  expect(delivery.accepted).toHaveLength(9);
});

it('[case 49] gives one entry up that the bus will never take, and no other', async () => {
  gateway.events.refuseEntries(({ Detail }) =>
    Detail === '{"number":4}' ? { code: 'MalformedDetail', message: 'x' } : undefined,
  );
  const delivery = await bus.publish(events(10), deadline);
  expect(delivery.refused).toEqual([{ event: events(5)[4], code: 'MalformedDetail' }]);
  expect(delivery.accepted).toHaveLength(9);
  expect(puts()).toBe(1);
});

it('stops when the bus denies it', async () => {
  gateway.events.refuseEntries(() => ({ code: 'AccessDeniedException', message: 'x' }));
  await expect(bus.publish(events(100), deadline)).rejects.toMatchObject({
    code: 'BUS_DENIED',
    message: expect.stringContaining('events:PutEvents') as string,
  });
  const before = puts();
  await new Promise(setImmediate);
  expect(puts()).toBe(before);
});

it('[case 51] takes nothing for sent when there are fewer answers than entries', async () => {
  let short = true;
  gateway.intercept(({ operation }) => {
    if (operation !== 'PutEvents' || !short) return undefined;
    short = false;
    return { status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: 'one' }] } };
  });
  await expect(bus.publish(events(3), deadline)).resolves.toMatchObject({ unsent: [] });
  expect(numbers()).toEqual([0, 1, 2]);
});

it('sends a request again whose answer was lost', async () => {
  let lost = false;
  gateway.intercept(({ operation }) => {
    if (operation !== 'PutEvents' || lost) return undefined;
    lost = true;
    return 'drop-after';
  });
  await expect(bus.publish(events(2), deadline)).resolves.toMatchObject({ unsent: [] });
  expect(numbers()).toEqual([0, 0, 1, 1]);
});

it('publishes in the reserve, and nothing once it is over', async () => {
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

describe('a request that EventBridge refuses as a whole', () => {
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
    const delivery = await bus.publish(events(25), deadline);
    expect(delivery).toMatchObject({ refused: [{ event: events(5)[4], code: code.split(' ')[0] }], unsent: [] });
    expect(numbers()).toEqual(Array.from({ length: 25 }, (_, number) => number).filter((number) => number !== 4));
    expect(delivery.accepted).toHaveLength(24);
    expect(puts()).toBeLessThanOrEqual(3 + 8);
  });

  it('gives up every entry when all are at fault, and publishes nothing for it', async () => {
    refuseWhole((detail) => detail.includes('number'), refusals.ValidationException);
    await expect(bus.publish(events(3), deadline)).resolves.toMatchObject({
      accepted: [],
      refused: events(3).map((event) => ({ event, code: 'ValidationException' })),
      unsent: [],
    });
    expect(arrived).toEqual([]);
  });

  it('gives up no entry while the bus takes no request at all', async () => {
    gateway.intercept(({ operation }) => (operation === 'PutEvents' ? refusals.ValidationException : undefined));
    await expect(bus.publish(events(12), deadline)).resolves.toMatchObject({ accepted: [], refused: [] });
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
  ])('with %i %s for another reason than its entries is sent again, and gives up no entry', async (status, code) => {
    gateway.intercept(({ operation }) => (operation === 'PutEvents' ? { status, body: { __type: code } } : undefined));
    const delivery = await bus.publish(events(10), deadline);
    expect(delivery).toEqual({ accepted: [], refused: [], unsent: events(10) });
    expect(puts()).toBe(6);
  });

  it('stops when the bus denies a part', async () => {
    refuseWhole((detail) => detail === '{"number":4}', refusals.ValidationException);
    gateway.events.refuseEntries(({ Detail }) =>
      Detail === '{"number":9}' ? { code: 'AccessDeniedException', message: 'x' } : undefined,
    );
    await expect(bus.publish(events(10), deadline)).rejects.toMatchObject({ code: 'BUS_DENIED' });
  });

  it('keeps to the deadline: what was not sent by then is unsent', async () => {
    refuseWhole((detail) => detail === '{"number":9}', refusals.ValidationException);
    const delivery = await bus.publish(events(10), { ...deadline, isOver: () => puts() >= 3 });
    expect(puts()).toBe(3);
    expect([...delivery.accepted, ...delivery.unsent]).toEqual(events(10));
    expect(delivery.accepted).toHaveLength(5);
  });

  it('keeps to at most six requests at once', async () => {
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
    await expect(bus.publish(events(100), deadline)).resolves.toMatchObject({ unsent: [] });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(6);
  });

  const sized = (sizes: readonly number[]): BusEvent[] =>
    events(sizes.length).map((event, number) => ({
      ...event,
      detail: { number, text: 'x'.repeat(sizes[number] ?? 0) },
    }));

  it('because a partition allows less in total is learned once', async () => {
    gateway.events.limitTotalBytes(262_144);
    const large = sized(Array.from({ length: 40 }, () => 60_000));
    await expect(bus.publish(large, deadline)).resolves.toMatchObject({
      accepted: { length: 40 },
      refused: [],
      unsent: [],
    });
    const before = puts();
    await expect(bus.publish(large, deadline)).resolves.toMatchObject({
      accepted: { length: 40 },
      refused: [],
      unsent: [],
    });
    expect(puts() - before).toBe(10);
    expect(arrived).toHaveLength(80);
  });

  it('because of one entry over the limit gives up that one', async () => {
    gateway.events.limitTotalBytes(262_144);
    const delivery = await bus.publish(sized([10, 300_000, 10, 10]), deadline);
    expect(delivery).toMatchObject({ refused: [{ code: 'ValidationException' }], unsent: [] });
    expect(numbers()).toEqual([0, 2, 3]);
  });

  it('for another reason than its size does not make later requests smaller', async () => {
    refuseWhole((detail) => detail === '{"number":4}', refusals.SerializationException);
    await bus.publish(events(10), deadline);
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

          const fits = ({ size }: { size: number }, number: number) =>
            14 +
              'tailscale'.length +
              'Tailscale Audit Event'.length +
              JSON.stringify({ number, text: '' }).length +
              size <
            limit;
          const expected = entries.map((one, number) =>
            one.kind === 'whole' || !fits(one, number)
              ? 'ValidationException'
              : one.kind === 'malformed'
                ? 'MalformedDetail'
                : one.kind,
          );
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

it('[case 50] knows a bus that is not there', async () => {
  await expect(bus.assertExists(deadline)).resolves.toBeUndefined();
  gateway.events.deleteBus('audit');
  await expect(bus.assertExists(deadline)).rejects.toMatchObject({
    code: 'BUS_MISSING',
    message: expect.stringContaining('"audit"') as string,
  });
});
