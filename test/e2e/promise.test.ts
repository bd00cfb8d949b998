import { gunzipSync } from 'node:zlib';
import {
  API_KEY,
  openEnvironment,
  record,
  type TestEnvironment,
  type TestEnvironmentOptions,
} from '../harness/environment';
import { validateEvent } from '../harness/validate-event';
import { HOUR, DAY } from '../../lib/domain/time';

let setup: TestEnvironment | undefined;
afterEach(async () => {
  await setup?.close();
  setup = undefined;
});
const open = async (options?: TestEnvironmentOptions) => (setup = await openEnvironment(options));

const archived = ({ s3 }: TestEnvironment['gateway'], { bucket, key }: { bucket: string; key: string }): unknown =>
  JSON.parse(gunzipSync(s3.object(bucket, key)?.body ?? '').toString());
const health = ({ events }: TestEnvironment) =>
  events.filter((event) => event['detail-type'] === 'Tailscale Connector Health').map(({ detail }) => detail);

describe.each(['audit', 'configuration'] as const)('in the %s dialect', (dialect) => {
  it('[case 17] finds a record that shows up 20 hours late with the sweep of the hour', async () => {
    const { api, auditIds, events, installedAgo, sandbox, item } = await open({ dialect });
    await installedAgo(2 * DAY, { swept: { hourly: 2 * HOUR, daily: HOUR } });
    api.add([record(20 * HOUR), record()]);
    const lambda = await sandbox();
    await lambda.poll();
    await lambda.poll();
    expect(auditIds()).toHaveLength(2);
    expect(events.map(({ detail }) => detail['ingest'])).toEqual([
      expect.objectContaining({ mode: 'live' }),
      expect.objectContaining({ mode: 'sweep', late: true }),
    ]);
    expect(await item('STATE')).toMatchObject({ leaseUntil: 0 });
  });

  it('[case 18] finds a record that shows up 5 days late with the sweep of the day', async () => {
    const { api, auditIds, installedAgo, sandbox, gateway } = await open({ dialect });
    await installedAgo(30 * DAY, { swept: { hourly: 2 * HOUR, daily: 25 * HOUR } });
    api.add([record(5 * DAY), record(20 * HOUR)]);
    const lambda = await sandbox();
    await lambda.poll();
    expect(auditIds()).toHaveLength(2);
    const reads = gateway.requests.length;
    await lambda.poll();
    expect(auditIds()).toHaveLength(2);
    expect(api.requests.filter(({ endpoint }) => endpoint === dialect)).toHaveLength(3);
    expect(gateway.requests.length).toBeGreaterThan(reads);
  });

  it('costs 1 Tailscale request, 2 writes and 2 reads when nothing is new', async () => {
    const { api, sandbox, gateway } = await open({ dialect });
    api.add([record(), record()]);
    const lambda = await sandbox();
    await lambda.poll();
    const before = { aws: gateway.requests.length, api: api.requests.length };
    await lambda.poll();
    expect(
      gateway.requests
        .slice(before.aws)
        .map(({ operation }) => operation)
        .sort(),
    ).toEqual(['GetItem', 'Query', 'UpdateItem', 'UpdateItem']);
    expect(api.requests).toHaveLength(before.api + 1);
  });
});

it('[case 13] says that its state is gone, and publishes nothing twice', async () => {
  const opened = await open();
  const { api, sandbox, remove, auditIds } = opened;
  api.add([record(), record()]);
  const lambda = await sandbox();
  await lambda.poll();
  await remove('STATE');
  api.add(record());
  await lambda.poll();
  expect(health(opened)).toMatchObject([{ kind: 'stateLost', severity: 'high' }]);
  health(opened).forEach(validateEvent);
  expect(auditIds()).toHaveLength(3);
  await lambda.poll();
  expect(health(opened)).toHaveLength(1);
});

it('[case 15] starts over from a watermark in the future, and says so', async () => {
  const opened = await open();
  const { api, installedAgo, sandbox, item, auditIds } = opened;
  await installedAgo(3 * HOUR, { watermark: Date.now() + 300 * DAY });
  api.add(record(2 * HOUR));
  await (await sandbox()).poll();
  expect(health(opened)).toMatchObject([
    { kind: 'stateLost', description: expect.stringContaining('in the future') as string },
    // Three hours are read again, which is another silence.
    { kind: 'catchingUp' },
    { kind: 'recovered' },
  ]);
  expect(auditIds()).toHaveLength(1);
  expect(Number((await item('STATE'))?.['wm'])).toBeLessThan(Date.now());
});

it('[case 70] says once that it is blind, and once that it sees again', async () => {
  const opened = await open();
  const { api, sandbox } = opened;
  const lambda = await sandbox();
  api.revokeKey(API_KEY);
  for (let tick = 0; tick < 4; tick += 1) await expect(lambda.poll()).rejects.toThrow('UNAUTHORIZED');
  api.acceptKey(API_KEY);
  await lambda.poll();
  await lambda.poll();
  expect(health(opened)).toMatchObject([
    { kind: 'blind', severity: 'high', code: 'UNAUTHORIZED' },
    { kind: 'recovered', severity: 'info' },
  ]);
  health(opened).forEach(validateEvent);
});

it('[case 54] keeps a 5 MB policy change whole in the archive, and its small form on the bus', async () => {
  const { api, sandbox, events, gateway } = await open();
  const rules = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => `    {"action": "accept", "src": ["group:g${index}"], "dst": ["tag:t${index}:443"]},`,
    ).join('\n');
  const policy = (count: number) => `{\n  "acls": [\n${rules(count)}\n  ],\n}\n`;
  api.add(
    record(20_000, {
      action: 'UPDATE',
      target: { id: 'T1', name: 'example.com', type: 'TAILNET', property: 'ACL' },
      old: policy(40_000),
      new: policy(38_000),
    }),
  );
  await (await sandbox()).poll();

  expect(events).toHaveLength(2);
  for (const { detail } of events) {
    validateEvent(detail);
    expect(Buffer.byteLength(JSON.stringify(detail))).toBeLessThanOrEqual(240 * 1024);
  }
  const [audit] = events;
  const claim = audit?.detail['claimCheck'] as { bucket: string; key: string; bytes: number; sha256: string };
  expect(claim.key).toMatch(/^claims\/default\/\d{4}-\d\d-\d\d\/[aw]1-[0-9a-f]{64}-[0-9a-f]{16}\.json\.gz$/);
  const whole = archived(gateway, claim) as { change: { new: string } };
  expect(whole.change.new).toBe(policy(38_000));
});

it('[case 55] commits nothing while the archive fails', async () => {
  const { api, sandbox, gateway, events, item } = await open();
  api.add(
    record(20_000, {
      action: 'UPDATE',
      target: { id: 'T1', name: 'example.com', type: 'TAILNET', property: 'ACL' },
      old: '',
      new: 'x'.repeat(300_000),
    }),
  );
  const stop = gateway.intercept(({ service }) =>
    service === 's3'
      ? {
          status: 403,
          headers: { 'content-type': 'application/xml' },
          body: '<Error><Code>AccessDenied</Code></Error>',
        }
      : undefined,
  );
  const lambda = await sandbox();
  await expect(lambda.poll()).rejects.toThrow(/^default: ARCHIVE_UNAVAILABLE .*s3:PutObject/);
  expect(await item('STATE')).toMatchObject({ rev: 0 });
  stop();
  await lambda.poll();
  expect(events).toHaveLength(2);
});

it('[case 49] quarantines an entry that EventBridge rejects for good, and continues', async () => {
  const { api, sandbox, gateway, auditIds, ledger, item } = await open();
  api.add([record(), record(0, { target: { id: 'nPoison', name: 'poison', type: 'NODE' } }), record()]);
  gateway.events.refuseEntries(({ Detail }) =>
    Detail?.includes('poison') === true ? { code: 'MalformedDetail', message: 'x' } : undefined,
  );
  const lambda = await sandbox();
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 2 }] });
  const [entry] = await ledger();
  expect(entry).toMatchObject({ reason: 'MalformedDetail', status: 'quarantined' });
  const kept = archived(gateway, { bucket: String(entry?.['bucket']), key: String(entry?.['key']) }) as {
    detail: { target: { name: string } };
  };
  expect(kept.detail.target.name).toBe('poison');
  await lambda.poll();
  expect(auditIds()).toHaveLength(2);
  expect(await ledger()).toHaveLength(1);
  expect(await item('STATE')).toMatchObject({ rev: 2 });
});

it('[case 24] carries a record that cannot be read on the bus and into quarantine', async () => {
  const { api, sandbox, events, ledger } = await open({ dialect: 'audit' });
  api.intercept(() => ({ body: JSON.stringify({ auditLogs: ['no record at all', 7, { action: {} }] }) }));
  await (await sandbox()).poll();
  expect(events.length).toBe(3);
  for (const { detail } of events) validateEvent(detail);
  expect(events.filter(({ detail }) => detail['unparsed'] === true).length).toBe((await ledger()).length);
  expect((await ledger()).length).toBeGreaterThanOrEqual(2);
});

it('emits expected activity with its rule, and records when the rule last matched', async () => {
  const rules = [{ rule: 'ci', reason: 'pipeline', actor: 'ci@example.com' }];
  const { api, sandbox, events, item } = await open({ environment: { EXPECTED_ACTIVITY: JSON.stringify(rules) } });
  api.add([record(0, { actor: { id: 'u', type: 'USER', loginName: 'ci@example.com', displayName: 'CI' } }), record()]);
  await (await sandbox()).poll();
  expect(events.map(({ detail }) => detail['expected'])).toEqual(
    expect.arrayContaining([null, { rule: 'ci', reason: 'pipeline' }]),
  );
  const { matched } = (await item('STATE')) as { matched: { ci: number } };
  expect(matched.ci).toBeGreaterThan(Date.now() - 60_000);
});
