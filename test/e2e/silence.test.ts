import { validateEvent } from '../harness/validate-event';
import {
  API_KEY,
  openEnvironment,
  record,
  type TestEnvironment,
  type TestEnvironmentOptions,
} from '../harness/environment';
import { MINUTE, HOUR } from '../../lib/domain/time';

let setup: TestEnvironment;
afterEach(async () => {
  health().forEach(validateEvent);
  await setup.close();
});
const open = async (options?: TestEnvironmentOptions) => (setup = await openEnvironment(options));

const health = () =>
  setup.events.filter((event) => event['detail-type'] === 'Tailscale Connector Health').map(({ detail }) => detail);
const kinds = () => health().map(({ kind }) => kind);

/** As if so much time had passed: everything that STATE says of time lies further back. */
async function later(ms: number): Promise<void> {
  const state = (await setup.item('STATE')) ?? {};
  const shifted = (value: unknown): unknown => {
    if (typeof value === 'number' && value > 1e12) return value - ms;
    if (Array.isArray(value)) return value.map(shifted);
    return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shifted(inner)]))
      : value;
  };
  await setup.change(shifted(state) as object);
}

const fails = async (run: Promise<unknown>, code: string) => {
  await expect(run).rejects.toThrow(code);
};

describe('a health event reports that events may be missing, whatever the cause', () => {
  it('an API that accepts connections and never answers', async () => {
    await open({ dialect: 'configuration' });
    const lambda = await setup.sandbox();
    await lambda.poll();
    const stop = setup.api.intercept(() => 'hang');
    await later(14 * MINUTE);
    const begun = Date.now();
    await lambda.poll({ remainingMs: 4_000 }).catch(() => undefined);
    // The time for the last writes was not used up: the lease is back.
    expect(Date.now() - begun).toBeLessThan(4_000);
    expect(await setup.item('STATE')).toMatchObject({ leaseUntil: 0 });
    await later(5 * MINUTE);
    await lambda.poll({ remainingMs: 4_000 }).catch(() => undefined);
    expect(kinds()).toEqual(['blind']);
    expect(health()[0]).toMatchObject({
      severity: 'high',
      description: expect.stringMatching(/^events after .* may be missing/) as string,
    });
    stop();
    await lambda.poll();
    expect(kinds()).toEqual(['blind', 'recovered']);
  });

  it('a permanent 403, with a health event that failed once', async () => {
    await open();
    const lambda = await setup.sandbox();
    await lambda.poll();
    setup.api.intercept(() => ({ status: 403 }));
    await fails(lambda.poll(), 'FORBIDDEN');
    const stop = setup.gateway.intercept(({ operation }) => (operation === 'PutEvents' ? { status: 500 } : undefined));
    await fails(lambda.poll({ remainingMs: 6_000 }), 'FORBIDDEN');
    expect(health()).toEqual([]);
    expect(await setup.item('STATE')).toMatchObject({ owed: [{ kind: 'blind', code: 'FORBIDDEN' }] });
    stop();
    await fails(lambda.poll(), 'FORBIDDEN');
    expect(health()).toMatchObject([{ kind: 'blind', code: 'FORBIDDEN' }]);
    expect(await setup.item('STATE')).toMatchObject({ owed: [] });
    for (let hour = 1; hour <= 2; hour += 1) {
      await later(HOUR);
      await fails(lambda.poll(), 'FORBIDDEN');
      await fails(lambda.poll(), 'FORBIDDEN');
      expect(kinds()).toEqual(Array.from({ length: hour + 1 }, () => 'blind'));
    }
  });

  it('a permanent 429', async () => {
    await open({ dialect: 'configuration' });
    const lambda = await setup.sandbox();
    await lambda.poll();
    setup.api.intercept(() => ({ status: 429, headers: { 'retry-after': '900' } }));
    await lambda.poll();
    const asked = setup.api.requests.length;
    for (let tick = 0; tick < 3; tick += 1) {
      await later(5 * MINUTE);
      await lambda.poll();
    }
    expect(health()).toMatchObject([{ kind: 'blind', description: expect.stringContaining('429') as string }]);
    expect(setup.api.requests.length - asked).toBeLessThanOrEqual(1);
  });

  it('runs that end partial for ever', async () => {
    await open({ dialect: 'configuration' });
    const lambda = await setup.sandbox();
    await lambda.poll();
    // The archive never answers in time, so nothing goes forward.
    setup.api.add(record(30_000, { new: 'x'.repeat(300_000) }));
    setup.gateway.intercept(({ service }) => (service === 's3' ? new Promise(() => undefined) : undefined));
    for (let tick = 0; tick < 4; tick += 1) {
      await later(5 * MINUTE);
      await lambda.poll({ remainingMs: 2_000 }).catch(() => undefined);
      await setup.leaseIsOver();
    }
    expect(kinds()).toEqual(['blind']);
  });

  it('runs that are killed before they can say anything', async () => {
    await open({ dialect: 'configuration' });
    await (await setup.sandbox()).poll();
    for (let tick = 0; tick < 3; tick += 1) {
      await later(5 * MINUTE);
      const doomed = await setup.sandbox();
      const stop = setup.api.intercept(async () => {
        await doomed.kill();
        return 'hang' as const;
      });
      await fails(doomed.poll(), 'the sandbox is gone');
      stop();
      await later(5 * MINUTE);
    }
    expect(kinds()).toEqual(['blind']);
    expect(health()[0]).toMatchObject({ description: expect.stringContaining('killed before it could say') as string });
  });

  it('a table that cannot be reached: no checkpoint can say it', async () => {
    await open();
    const lambda = await setup.sandbox();
    await lambda.poll();
    const denied = {
      status: 400,
      body: { __type: 'com.amazonaws.dynamodb.v20120810#AccessDeniedException', message: 'x' },
    };
    const stop = setup.gateway.intercept(({ service }) => (service === 'dynamodb' ? denied : undefined));
    for (let tick = 0; tick < 3; tick += 1) await fails(lambda.poll(), 'STATE_UNAVAILABLE');
    expect(health()).toMatchObject([{ kind: 'blind', code: 'STATE_UNAVAILABLE', tailnet: null }]);
    stop();
    await lambda.poll();
    expect(kinds()).toEqual(['blind', 'recovered']);
  });
});

it('says that it is catching up, and for how long, where runs go forward', async () => {
  await open({ dialect: 'configuration' });
  await setup.installedAgo(20 * 24 * HOUR, { watermark: Date.now() - 10 * 24 * HOUR });
  setup.api.add(Array.from({ length: 10 }, (_, day) => record(day * 24 * HOUR + HOUR)));
  const lambda = await setup.sandbox();
  // Each window of 24 hours is one request: some of them fit into a run.
  setup.api.intercept(async () => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return undefined;
  });
  await lambda.testConnection();
  await lambda.poll({ remainingMs: 3_000 });
  expect(kinds()).toEqual(['blind', 'catchingUp']);
  expect(health()[1]).toMatchObject({
    severity: 'info',
    description: expect.stringMatching(/it will take about \d+ minutes$/) as string,
  });
  for (let tick = 0; tick < 8; tick += 1) await lambda.poll({ remainingMs: 3_000 });
  expect(kinds()).toEqual(['blind', 'catchingUp', 'recovered']);
});

it('counts how long a tailnet has answered with nothing', async () => {
  await open();
  setup.api.add(record(3 * MINUTE));
  const lambda = await setup.sandbox();
  await lambda.poll();
  expect(Number((await setup.item('STATE'))?.['lastEventAt'])).toBeGreaterThan(Date.now() - 4 * MINUTE);
  expect(lambda.output()).toMatch(/"LastEventAgeSeconds":1[78]\d/);
});

it('a single failed run after a good one emits no health event', async () => {
  await open();
  const lambda = await setup.sandbox();
  await lambda.poll();
  setup.api.revokeKey(API_KEY);
  await fails(lambda.poll(), 'UNAUTHORIZED');
  expect(health()).toEqual([]);
});
