import { EventEmitter, once } from 'node:events';
import type { Fault } from '../../../local/gateway/faults';
import { record, type TestEnvironment } from '../../harness/environment';
import { createEnvironments, delivered } from './environments';

const environments = createEnvironments();
let setup: TestEnvironment;

async function open(records: number): Promise<void> {
  setup = await environments.open({ dialect: 'configuration' });
  setup.api.add(Array.from({ length: records }, (_, index) => record(10 * index)));
}

const state = () => setup.item('STATE');
const lost = (run: Promise<unknown>) => run.then(() => 'no failure', String);

/** Holds the first request of an operation back, before the service has seen it. */
function hold(operation: string) {
  const gate = new EventEmitter();
  const reached = once(gate, 'reached');
  const released = once(gate, 'letGo').then(() => undefined);
  let first = true;
  setup.gateway.intercept((call) => {
    if (call.operation !== operation || !first) return undefined;
    first = false;
    gate.emit('reached');
    return released;
  });
  return { reached, letGo: () => gate.emit('letGo') };
}

const SERVER_ERROR: Fault = { status: 500, body: { __type: 'InternalServerError', message: 'x' } };
const THROTTLED: Fault = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException', message: 'x' },
};

describe('[case 2] a run that Lambda ends in the middle of PutEvents', () => {
  it('has lost nothing when EventBridge never saw the request', async () => {
    await open(5);
    const doomed = await setup.sandbox();
    const { reached } = hold('PutEvents');
    const run = lost(doomed.poll());
    await reached;
    await doomed.kill();
    await expect(run).resolves.toContain('the sandbox is gone');

    const next = await setup.sandbox();
    await expect(next.poll()).resolves.toMatchObject({ connectors: [{ busy: true, emitted: 0 }] });
    await setup.leaseIsOver();
    await next.poll();
    expect(delivered(setup)).toEqual({ different: 5, copies: 1 });
  });

  it('has its events repeated, under the same ids, when EventBridge had taken them', async () => {
    await open(5);
    const doomed = await setup.sandbox();
    const stop = setup.gateway.events.on('tailscale-audit', null, () => doomed.kill());
    await expect(lost(doomed.poll())).resolves.toContain('the sandbox is gone');
    stop();
    await setup.leaseIsOver();
    await (await setup.sandbox()).poll();
    expect(delivered(setup)).toEqual({ different: 5, copies: 2 });
  });
});

it('[case 3] asks nothing of anybody with no time left, and the next run does it all', async () => {
  await open(3);
  const lambda = await setup.sandbox();
  const before = setup.gateway.requests.length;
  for (const remainingMs of [0, 500, 1_000]) {
    await expect(lambda.poll({ remainingMs })).resolves.toMatchObject({
      connectors: [{ partial: true, busy: false, fetched: 0, watermark: null }],
    });
  }
  expect([setup.gateway.requests.length - before, setup.api.requests.length]).toEqual([0, 0]);
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 3, partial: false }] });
});

it('[case 5] [case 6] a sandbox that wakes up when another run has taken over repeats what it was about to publish, and moves nothing', async () => {
  await open(10);
  const zombie = await setup.sandbox();
  const { reached, letGo } = hold('PutEvents');
  const run = lost(zombie.poll());
  await reached;
  zombie.freeze();
  await setup.leaseIsOver();
  const successor = await setup.sandbox();
  await successor.poll();
  setup.api.add(record());
  await successor.poll();
  expect(setup.auditIds()).toHaveLength(11);
  const before = await state();

  letGo();
  zombie.thaw();
  await expect(run).resolves.toMatch(/default: LEASE_LOST .*another run took over/);
  expect(await state()).toEqual(before);
  expect(delivered(setup)).toEqual({ different: 11, copies: 2 });

  setup.api.add(record());
  await expect(successor.poll()).resolves.toMatchObject({ connectors: [{ emitted: 1, duplicates: 11 }] });
});

describe('[case 8] a write that was applied and whose answer was lost', () => {
  it.each(['PutItem', 'UpdateItem'])(
    "is not taken for another run's, nor done twice: every first %s",
    async (lossy) => {
      await open(5);
      let turn = 0;
      setup.gateway.intercept(({ operation }) =>
        operation === lossy && (turn += 1) % 2 === 1 ? 'drop-after' : undefined,
      );
      const lambda = await setup.sandbox();
      await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 5, partial: false, busy: false }] });
      expect(turn).toBeGreaterThan(1);
      expect(await state()).toMatchObject({ token: 1, rev: 1, leaseUntil: 0, failStreak: 0 });
      expect(await setup.item('GENESIS')).toMatchObject({ committed: true });
      await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 5 }] });
    },
  );

  it('counts a failed run once', async () => {
    await open(0);
    setup.api.intercept(() => ({ status: 403 }));
    const lambda = await setup.sandbox();
    await expect(lambda.poll()).rejects.toThrow('FORBIDDEN');
    let dropped = false;
    setup.gateway.intercept(({ operation, body }) => {
      if (operation !== 'UpdateItem' || dropped || !JSON.stringify(body).includes('failStreak')) return undefined;
      dropped = true;
      return 'drop-after';
    });
    await expect(lambda.poll()).rejects.toThrow('FORBIDDEN');
    expect(dropped).toBe(true);
    expect(await state()).toMatchObject({ failStreak: 2 });
    expect(setup.events).toMatchObject([{ detail: { kind: 'blind' } }]);
  });
});

it.each(['GetItem', 'Query'])(
  '[case 9] publishes nothing while DynamoDB throttles every %s of the load, and all of it afterwards',
  async (throttled) => {
    await open(3);
    const stop = setup.gateway.intercept(({ operation }) => (operation === throttled ? THROTTLED : undefined));
    const lambda = await setup.sandbox();
    await expect(lambda.poll()).rejects.toThrow(
      /^default: STATE_UNAVAILABLE the table "tailscale-audit" answered ProvisionedThroughputExceededException; the next tick tries again$/,
    );
    expect(setup.auditIds()).toEqual([]);
    stop();
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 3 }] });
  },
);

it('[case 9] waits out a throttled read', async () => {
  await open(3);
  let calls = 0;
  setup.gateway.intercept(({ operation }) => (operation === 'Query' && (calls += 1) < 3 ? THROTTLED : undefined));
  await expect((await setup.sandbox()).poll()).resolves.toMatchObject({ connectors: [{ emitted: 3 }] });
  expect(calls).toBe(3);
});

it('[case 10] repeats at most two units of 100 when DynamoDB goes away after they were published', async () => {
  await open(1_000);
  let down = false;
  const stop = setup.gateway.intercept(({ operation, service }) => {
    down ||= operation === 'PutEvents';
    return down && service === 'dynamodb' ? SERVER_ERROR : undefined;
  });
  const lambda = await setup.sandbox();
  await expect(lambda.poll()).rejects.toThrow(/^default: STATE_UNAVAILABLE .*InternalServerError/);
  const published = setup.auditIds().length;
  expect(published).toBeGreaterThan(0);
  stop();
  await setup.leaseIsOver();
  await lambda.poll();
  expect(delivered(setup)).toEqual({ different: 1_000, copies: 2 });
  expect(setup.auditIds().length - 1_000).toBeLessThanOrEqual(200);
});
