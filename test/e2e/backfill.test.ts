import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { RedriveReport } from '../../lib/backfill/redrive';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { validateEvent } from '../harness/validate-event';
import { openEnvironment, record, type TestEnvironment, type TestEnvironmentOptions } from '../harness/environment';
import { BACKFILL_BUNDLE, type Sandbox } from '../harness/lambda';

let setup: TestEnvironment;
afterEach(() => setup.close());

const open = async (options?: TestEnvironmentOptions) => (setup = await openEnvironment(options));
const backfill = () => setup.sandbox({}, { bundle: BACKFILL_BUNDLE });

async function redrive(sandbox: Sandbox, asked: object = {}, remainingMs?: number): Promise<RedriveReport> {
  const { connectors } = (await sandbox.invoke({ action: 'redrive', ...asked }, remainingMs)) as {
    connectors: [RedriveReport];
  };
  expect(connectors).toHaveLength(1);
  return connectors[0];
}

const poison = (name = 'poison') => record(30_000, { target: { id: `n${name}`, name, type: 'NODE' } });
const refusePoison = () =>
  setup.gateway.events.refuseEntries(({ Detail }) =>
    Detail?.includes('poison') === true ? { code: 'MalformedDetail', message: 'x' } : undefined,
  );

/** A poll in which EventBridge rejects every record. */
async function quarantine(...records: object[]): Promise<{ allow: () => void }> {
  const allow = refusePoison();
  setup.api.add(records);
  await (await setup.sandbox()).poll();
  return { allow };
}

describe('a redrive', () => {
  it('brings what EventBridge had rejected onto the bus, with the id it had, and closes the entry', async () => {
    await open();
    const { allow } = await quarantine(poison(), record());
    const [waiting] = await setup.ledger();
    allow();
    expect(await redrive(await backfill())).toMatchObject({
      connector: 'default',
      redriven: 1,
      refused: 0,
      skipped: 0,
      failed: 0,
      done: true,
      after: null,
      problems: [],
    });

    expect(setup.events).toHaveLength(2);
    const [, event] = setup.events;
    expect(event).toMatchObject({
      'detail-type': 'Tailscale Audit Event',
      source: 'tailscale',
      detail: { target: { name: 'poison' }, ingest: { mode: 'backfill' } },
    });
    expect(String(waiting?.['id'])).toBe(
      `${String(event?.detail['id'])}:${String(event?.detail['contentHash']).slice(0, 16)}`,
    );
    validateEvent(event?.detail ?? {});
    const [closed] = await setup.ledger();
    expect(closed).toEqual({ ...waiting, status: 'redriven', redrivenAt: expect.any(Number) as number });
  });

  it('has nothing to do a second time, and a later tick leaves the event out', async () => {
    await open();
    const { allow } = await quarantine(poison());
    allow();
    const sandbox = await backfill();
    const { runId } = await redrive(sandbox);
    expect(setup.events[0]?.detail['ingest']).toMatchObject({ runId });
    await expect(redrive(sandbox)).resolves.toMatchObject({ redriven: 0, skipped: 0, done: true });
    await (await setup.sandbox()).poll();
    expect(setup.events).toHaveLength(1);
  });

  it('leaves in quarantine what the bus refuses again, and brings the rest', async () => {
    await open();
    const { allow } = await quarantine(poison('poison-1'), poison('poison-2'));
    allow();
    setup.gateway.events.refuseEntries(({ Detail }) =>
      Detail?.includes('poison-1') === true ? { code: 'InvalidArgument', message: 'x' } : undefined,
    );
    const sandbox = await backfill();
    const report = await redrive(sandbox);
    expect(report).toMatchObject({
      redriven: 1,
      refused: 1,
      done: true,
      problems: [{ problem: 'EventBridge rejected it again: InvalidArgument' }],
    });
    const statuses = (await setup.ledger()).map(({ id, status }) => [id, status]);
    expect(statuses).toContainEqual([report.problems[0]?.id, 'quarantined']);
    expect(statuses.map(([, status]) => status).sort()).toEqual(['quarantined', 'redriven']);
  });

  it('sends an event again after a crash between the bus and its mark, and never loses it', async () => {
    await open();
    const { allow } = await quarantine(poison());
    allow();
    const doomed = await backfill();
    const stop = setup.gateway.intercept(({ operation }) => {
      if (operation === 'UpdateItem') void doomed.kill();
      return operation === 'UpdateItem' ? 'drop-before' : undefined;
    });
    await expect(redrive(doomed)).rejects.toThrow('the sandbox is gone');
    stop();
    await expect(redrive(await backfill())).resolves.toMatchObject({ redriven: 1 });
    expect(setup.auditIds()).toHaveLength(2);
    expect(new Set(setup.auditIds()).size).toBe(1);
  });

  it('needs no lease and moves nothing of the live state', async () => {
    await open();
    const { allow } = await quarantine(poison());
    allow();
    const before = [await setup.item('STATE'), await setup.item('GENESIS')];
    await redrive(await backfill());
    expect([await setup.item('STATE'), await setup.item('GENESIS')]).toEqual(before);
  });
});

describe('an event that could not be read', () => {
  const unreadable = 'no record at all';
  const openWithUnreadable = async (value: unknown = unreadable) => {
    await open({ dialect: 'audit' });
    setup.api.intercept(() => ({ body: JSON.stringify({ auditLogs: [value] }) }));
  };

  it('was published once, and is redriven only with includeUnparsed', async () => {
    await openWithUnreadable();
    await (await setup.sandbox()).poll();
    expect(setup.events).toHaveLength(1);
    const sandbox = await backfill();
    await expect(redrive(sandbox)).resolves.toMatchObject({ redriven: 0, skipped: 1, done: true });
    expect(setup.events).toHaveLength(1);
    await expect(redrive(sandbox, { includeUnparsed: true })).resolves.toMatchObject({ redriven: 1, skipped: 0 });
    expect(setup.events[1]?.detail).toMatchObject({
      id: setup.events[0]?.detail['id'],
      unparsed: true,
      raw: unreadable,
    });
  });

  it('is redriven without includeUnparsed when EventBridge had rejected it too', async () => {
    await openWithUnreadable();
    const allow = setup.gateway.events.refuseEntries(() => ({ code: 'MalformedDetail', message: 'x' }));
    await (await setup.sandbox()).poll();
    allow();
    expect(await setup.ledger()).toMatchObject([{ reason: 'MalformedDetail' }]);
    await expect(redrive(await backfill())).resolves.toMatchObject({ redriven: 1, skipped: 0 });
  });

  it('keeps its claim check true when it is too large for the bus', async () => {
    await openWithUnreadable('x'.repeat(300_000));
    await (await setup.sandbox()).poll();
    await redrive(await backfill(), { includeUnparsed: true });
    const [live, again] = setup.events;
    expect(live?.detail['claimCheck']).toMatchObject({ key: expect.stringMatching(/^claims\//) as string });
    expect(again?.detail['claimCheck']).toEqual(live?.detail['claimCheck']);
    expect(again?.detail['ingest']).toMatchObject({ mode: 'backfill' });
  });
});

it('redrives an event that was quarantined twice because the first run died before it was marked', async () => {
  await open();
  const allow = refusePoison();
  setup.api.add(poison());
  const doomed = await setup.sandbox();
  const stop = setup.gateway.intercept(({ operation, body }) => {
    const marks = operation === 'UpdateItem' && JSON.stringify(body).includes('#SEEN');
    if (marks) void doomed.kill();
    return marks ? 'drop-before' : undefined;
  });
  await expect(doomed.poll()).rejects.toThrow('the sandbox is gone');
  stop();
  await setup.leaseIsOver();
  await (await setup.sandbox()).poll();
  allow();
  expect(await setup.ledger()).toHaveLength(1);
  await expect(redrive(await backfill())).resolves.toMatchObject({ redriven: 1, failed: 0, problems: [] });
});

describe('what lies in the archive', () => {
  it('is not believed when it is not what was put there', async () => {
    await open();
    const { allow } = await quarantine(poison());
    allow();
    const [entry] = await setup.ledger();
    const [Bucket, Key] = [String(entry?.['bucket']), String(entry?.['key'])];
    const client = new S3Client({ ...LOCAL_CLIENT, endpoint: setup.gateway.url });
    await client.send(new PutObjectCommand({ Bucket, Key, Body: '{"detail":{"id":"forged"}}' }));
    client.destroy();
    await expect(redrive(await backfill())).resolves.toMatchObject({
      redriven: 0,
      failed: 1,
      done: true,
      problems: [{ id: entry?.['id'], problem: expect.stringContaining("its hash is not the ledger's") as string }],
    });
    expect(setup.events).toHaveLength(0);
    expect(await setup.ledger()).toEqual([entry]);
  });

  it.each([
    ['NoSuchKey', 404],
    ['AccessDenied', 403],
  ])('is reported when S3 answers %s, and the others go on', async (code, status) => {
    await open();
    const { allow } = await quarantine(poison('poison-1'), poison('poison-2'));
    allow();
    const [gone] = await setup.ledger();
    setup.gateway.intercept(({ operation, body }) =>
      operation === 'GetObject' && JSON.stringify(body).includes(String(gone?.['key']))
        ? { status, body: `<Error><Code>${code}</Code></Error>`, headers: { 'content-type': 'application/xml' } }
        : undefined,
    );
    await expect(redrive(await backfill())).resolves.toMatchObject({
      redriven: 1,
      failed: 1,
      problems: [{ id: gone?.['id'], problem: expect.stringContaining('may have expired') as string }],
    });
  });
});

describe('each trouble ends with one line that says what to do', () => {
  it('a bus that is not there', async () => {
    await open();
    const { allow } = await quarantine(poison());
    allow();
    setup.gateway.events.deleteBus('tailscale-audit');
    await expect(redrive(await backfill())).rejects.toThrow(/^default: BUS_MISSING .*deploy/);
    expect(await setup.ledger()).toMatchObject([{ status: 'quarantined' }]);
  });

  it('a bucket that cannot be reached', async () => {
    await open();
    await quarantine(poison());
    setup.gateway.intercept(({ operation }) =>
      operation === 'GetObject'
        ? {
            status: 404,
            body: '<Error><Code>NoSuchBucket</Code></Error>',
            headers: { 'content-type': 'application/xml' },
          }
        : undefined,
    );
    await expect(redrive(await backfill())).rejects.toThrow(/^default: ARCHIVE_UNAVAILABLE .*NoSuchBucket/);
  });

  it.each([
    ['another action', { action: 'poll' }, /invocation: action: /],
    [
      'a redrive with fields that nobody knows',
      { action: 'redrive', conector: 'default', includeUnparsed: 'yes' },
      /includeUnparsed: .*"conector"/,
    ],
    [
      'a connector that is not there',
      { action: 'redrive', connector: 'other' },
      /there is no "other"; this function has default/,
    ],
    ['nothing at all', null, /^invocation: /],
  ])('%s', async (_, event, line) => {
    await open();
    const calls = setup.gateway.requests.length;
    await expect((await backfill()).invoke(event)).rejects.toThrow(line);
    expect(setup.gateway.requests).toHaveLength(calls);
  });

  it('no connector, where there are two', async () => {
    const connectors = ['one', 'two'].map((id) => ({ id, tailnet: `${id}.example.com`, secretId: id }));
    await open({ environment: { CONNECTORS: JSON.stringify(connectors) } });
    const sandbox = await backfill();
    await expect(redrive(sandbox)).rejects.toThrow('connector: say which one; this function has one, two');
    await expect(redrive(sandbox, { connector: 'two' })).resolves.toMatchObject({
      connector: 'two',
      redriven: 0,
      done: true,
    });
  });
});

it('starts nothing when there is no time left, and says where to go on', async () => {
  await open();
  await quarantine(poison());
  const calls = setup.gateway.requests.length;
  await expect(redrive(await backfill(), { after: 'a1:x' }, 1_000)).resolves.toMatchObject({
    redriven: 0,
    done: false,
    after: 'a1:x',
  });
  expect(setup.gateway.requests).toHaveLength(calls);
});
