import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import fc from 'fast-check';
import { createEventBridgeBus } from '../../lib/eventbridge/event-bus';
import { ConnectorError } from '../../lib/domain/errors';
import type { BusEvent } from '../../lib/domain/event';
import type { EventBus } from '../../lib/ports/event-bus';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { createInMemoryBus, createInMemoryEventBus } from '../harness/in-memory-bus';
import { directly } from '../harness/in-memory-io';

const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };
const numberOf = ({ detail }: BusEvent) => (detail as { number: number }).number;

let gateway: Gateway;
let client: EventBridgeClient;
beforeAll(async () => {
  gateway = await startGateway();
  client = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url, maxAttempts: 1 });
});
afterAll(async () => {
  client.destroy();
  await gateway.close();
});

/** The result that a caller of the port gets, as numbers of events. */
async function resultOf(bus: EventBus, events: readonly BusEvent[]): Promise<unknown> {
  try {
    await bus.assertExists(deadline);
    const { accepted, refused, unsent } = await bus.publish(events, deadline);
    return {
      accepted: accepted.map(numberOf).sort(byNumber),
      refused: refused.map(({ event, code }) => [numberOf(event), code]).sort(),
      unsent: unsent.map(numberOf).sort(byNumber),
    };
  } catch (error) {
    return error instanceof ConnectorError ? error.code : error;
  }
}
const byNumber = (a: number, b: number) => a - b;

const code = fc.option(
  fc.constantFrom('MalformedDetail', 'InvalidArgument', 'ThrottlingException', 'InternalFailure'),
  { freq: 4, nil: undefined },
);

it("gives the same results with the simulation's client as with an EventBridge server, for every refusal", async () => {
  let buses = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(code, { minLength: 1, maxLength: 25 }), fc.boolean(), async (codes, exists) => {
      const busName = `bus-${(buses += 1)}`;
      if (exists) gateway.events.createBus(busName);
      const events = codes.map((_, number) => ({ detailType: 'x', time: Date.UTC(2026, 10, 22), detail: { number } }));
      const arrived: { readonly real: number[]; readonly inMemory: number[] } = { real: [], inMemory: [] };
      if (exists) gateway.events.on(busName, null, ({ detail }) => void arrived.real.push(Number(detail['number'])));
      const allow = gateway.events.refuseEntries(({ Detail }) => {
        const refusal = codes[(JSON.parse(Detail ?? '{}') as { number: number }).number];
        return refusal === undefined ? undefined : { code: refusal, message: 'x' };
      });
      const far = createInMemoryEventBus();
      far.exists = exists;
      far.refuse = (event) => codes[numberOf(event)];
      far.onArrival = (event) => void arrived.inMemory.push(numberOf(event));

      const real = await resultOf(createEventBridgeBus({ client, busName, resendDelayMs: 0 }), events);
      allow();
      expect(await resultOf(createInMemoryBus(far, directly), events)).toEqual(real);
      expect(arrived.inMemory.sort(byNumber)).toEqual(arrived.real.sort(byNumber));
    }),
    { numRuns: 40 },
  );
});
