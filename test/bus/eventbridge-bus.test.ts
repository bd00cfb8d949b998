import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { createEventBridgeBus } from '../../lib/bus/eventbridge-bus';
import type { Bus, BusEvent } from '../../lib/connector/ports';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import type { DeliveredEvent } from '../../local/gateway/put-events';
import { startGateway, type Gateway } from '../../local/gateway/server';

let gateway: Gateway;
let client: EventBridgeClient;
let bus: Bus;
let arrived: DeliveredEvent[];
const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };
const events = (count: number): BusEvent[] => Array.from({ length: count }, (_, number) => ({ detailType: 'Tailscale Audit Event', time: Date.parse('2026-11-22T08:00:00Z'), detail: { number } }));
const numbers = () => arrived.map(({ detail }) => Number(detail['number'])).sort((a, b) => a - b);
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

it('publishes in full requests, with the event\'s own time', async () => {
  const delivery = await bus.publish(events(25), deadline);
  expect(delivery).toMatchObject({ refused: [], unsent: [] });
  expect(delivery.accepted).toHaveLength(25);
  expect(numbers()).toEqual(Array.from({ length: 25 }, (_, number) => number));
  expect(puts()).toBe(3);
  expect(arrived[0]).toMatchObject({ source: 'tailscale', time: '2026-11-22T08:00:00Z' });
});

it.each(['InternalFailure', 'ThrottlingException', 'SomethingNew'])('[case 48] resends only what was refused with %s', async (code) => {
  let refusals = 3;
  gateway.events.refuseEntries(({ Detail }) => (Detail === '{"number":4}' && refusals-- > 0 ? { code, message: 'x' } : undefined));
  await expect(bus.publish(events(10), deadline)).resolves.toMatchObject({ unsent: [], refused: [] });
  expect(numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(puts()).toBe(4);
});

it('says what stays unsent', async () => {
  gateway.events.refuseEntries(({ Detail }) => (Detail === '{"number":4}' ? { code: 'InternalFailure', message: 'x' } : undefined));
  const delivery = await bus.publish(events(10), deadline);
  expect(delivery.unsent).toEqual([events(5)[4]]);
  expect(delivery.accepted).toHaveLength(9);
});

it('[case 49] gives one entry up that the bus will never take, and no other', async () => {
  gateway.events.refuseEntries(({ Detail }) => (Detail === '{"number":4}' ? { code: 'MalformedDetail', message: 'x' } : undefined));
  const delivery = await bus.publish(events(10), deadline);
  expect(delivery.refused).toEqual([{ event: events(5)[4], code: 'MalformedDetail' }]);
  expect(delivery.accepted).toHaveLength(9);
  expect(puts()).toBe(1);
});

it('stops when the bus denies it', async () => {
  gateway.events.refuseEntries(() => ({ code: 'AccessDeniedException', message: 'x' }));
  await expect(bus.publish(events(100), deadline)).rejects.toMatchObject({ code: 'BUS_DENIED', message: expect.stringContaining('events:PutEvents') as string });
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

it('sends nothing once the deadline is near', async () => {
  await expect(bus.publish(events(3), { remaining: () => 5_000, untilNear: () => 0, isNear: () => true, isOver: () => true })).resolves.toMatchObject({ accepted: [], unsent: events(3) });
  expect(puts()).toBe(0);
});

it('[case 50] knows a bus that is not there', async () => {
  await expect(bus.assertExists(deadline)).resolves.toBeUndefined();
  gateway.events.deleteBus('audit');
  await expect(bus.assertExists(deadline)).rejects.toMatchObject({ code: 'BUS_MISSING', message: expect.stringContaining('"audit"') as string });
});
