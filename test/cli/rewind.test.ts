import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { DEFAULT_STACK_NAME, STACK_OUTPUT } from '../../lib/contract/names';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { openEnvironment, record, type TestEnvironment, type TestEnvironmentOptions } from '../harness/environment';
import { installedCommand, tailscaleAudit, type CommandOptions } from './command';
import { startControlPlane } from './control-plane';
import { HOUR, DAY } from '../../lib/domain/time';
const TABLE = 'tailscale-audit';

let world: TestEnvironment;
afterEach(() => world.close());

const open = async (options?: TestEnvironmentOptions) => (world = await openEnvironment(options));
const rewind = (args: readonly string[], options?: CommandOptions) =>
  tailscaleAudit(['rewind', '--table', TABLE, ...args], { AWS_ENDPOINT_URL: world.gateway.url }, options);

/** Sets attributes of an item of the connector's live partition. */
async function change(sk: 'STATE' | 'GENESIS', attributes: Readonly<Record<string, unknown>>): Promise<void> {
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: world.gateway.url });
  const entries = Object.entries(attributes);
  await client.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: marshall({ pk: 'TN#default', sk }),
      UpdateExpression: `SET ${entries.map((_, index) => `#${index} = :${index}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(entries.map(([name], index) => [`#${index}`, name])),
      ExpressionAttributeValues: marshall(Object.fromEntries(entries.map(([, value], index) => [`:${index}`, value]))),
    }),
  );
  client.destroy();
}

const time = (millis: number) => new Date(millis).toISOString();

it('makes the next tick read again from there and publish only the missing events', async () => {
  await open({ dialect: 'configuration' });
  const watermark = Date.now() - 60_000;
  await world.installedAgo(2 * DAY, { watermark });
  const sandbox = await world.sandbox();
  world.api.add(record());
  await sandbox.poll();
  // Older than the overlap.
  world.api.add(record(20 * HOUR));
  await sandbox.poll();
  expect(world.auditIds()).toHaveLength(1);

  const state = await world.item('STATE');
  const to = time(Date.now() - DAY);
  const ended = await rewind(['--to', to, '--yes', '--json']);
  expect(ended.exitCode).toBe(0);
  expect(JSON.parse(ended.stdout)).toEqual({
    connector: 'default',
    table: TABLE,
    from: time(Number(state?.['wm'])),
    to,
  });
  expect((await world.item('STATE'))?.['wm']).toBe(Date.parse(to));

  await sandbox.poll();
  expect(world.auditIds()).toHaveLength(2);
  expect(new Set(world.auditIds()).size).toBe(2);
  expect(Number((await world.item('STATE'))?.['wm'])).toBeGreaterThanOrEqual(watermark);
});

describe.each(['audit', 'configuration'] as const)('in the %s dialect', (dialect) => {
  it('[case 7] stops a run in progress: it cannot commit over the rewind, and nothing is lost', async () => {
    await open({ dialect, api: { pageSize: 50 } });
    await world.installedAgo(3 * DAY, { watermark: Date.now() - HOUR });
    world.api.add(Array.from({ length: 300 }, (_, index) => record(1_000 * index)));
    // Before the run's window, but in the next one after the rewind.
    world.api.add(record(10 * HOUR));
    const zombie = await world.sandbox();
    let rewound: Record<string, unknown> | undefined;
    let puts = 0;
    world.gateway.intercept(async ({ operation }) => {
      puts += operation === 'PutEvents' ? 1 : 0;
      if (puts === 7 && rewound === undefined) {
        rewound = {};
        await rewind(['--to', 'PT12H', '--yes']);
        rewound = await world.item('STATE');
      }
      return undefined;
    });

    await expect(zombie.poll()).rejects.toThrow(/^default: LEASE_LOST .*set back/);
    expect(Number(rewound?.['wm'])).toBeLessThan(Date.now() - 11 * HOUR);
    expect(await world.item('STATE')).toEqual(rewound);

    await (await world.sandbox()).poll();
    await expect(zombie.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0 }] });
    expect(new Set(world.auditIds()).size).toBe(301);
    // A lost lease repeats at most two flush units of 100.
    expect(world.auditIds().length).toBeLessThanOrEqual(501);
    expect(Number((await world.item('STATE'))?.['wm'])).toBeGreaterThan(Date.now() - HOUR);
  });
});

it('repairs a connector whose state is unreadable, as its message says', async () => {
  await open();
  await world.installedAgo(DAY);
  const sandbox = await world.sandbox();
  await sandbox.poll();
  await change('STATE', { wm: 'soon' });
  await expect(sandbox.poll()).rejects.toThrow(/^default: STATE_INVALID .*tailscale-audit rewind/);
  const { exitCode, stderr } = await rewind(['--to', 'PT2H', '--yes']);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^watermark {6}unreadable$/m);
  expect(stderr).toContain('choose one before the failure');
  await expect(sandbox.poll()).resolves.toMatchObject({ connectors: [{ busy: false, partial: false }] });
});

describe('before a change', () => {
  const openAt = async (watermark: number) => {
    await open();
    await world.installedAgo(2 * DAY, { watermark });
  };

  it('shows the current and the new watermark, and asks', async () => {
    const now = Date.parse('2026-11-22T12:00:00Z');
    await openAt(now - 3 * 60_000);
    const asked: string[] = [];
    const confirm = (question: string) => Promise.resolve(asked.push(question) > 1);
    const args = ['--to', '2026-11-22T08:00:00Z'];
    const before = await world.item('STATE');
    const plan = [
      'connector      default, in the table tailscale-audit',
      'watermark      2026-11-22T11:57:00.000Z, 3 min ago',
      'new watermark  2026-11-22T08:00:00.000Z, 4 h ago',
      '',
    ].join('\n');
    await change('GENESIS', { startFrom: now - DAY });

    expect(await rewind(args, { confirm, now: () => now })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${plan}nothing was changed\n`,
    });
    expect(await world.item('STATE')).toEqual(before);
    expect(await rewind(args, { confirm, now: () => now })).toEqual({
      exitCode: 0,
      stdout: 'The watermark of default is 2026-11-22T08:00:00.000Z; the next tick continues from there.\n',
      stderr: plan,
    });
    expect(asked).toEqual(['Set the watermark back?', 'Set the watermark back?']);
  });

  it('shows the other effects', async () => {
    const now = Date.now();
    await openAt(now - 60_000);
    await change('STATE', { leaseUntil: now + 100_000 });
    const { stderr } = await rewind(['--to', 'P90D', '--yes']);
    expect(stderr).toContain('A run is in progress: it will fail with LEASE_LOST');
    expect(stderr).toContain("before the connector's start");
    expect(stderr).toContain('will be reported as a gap');
  });

  it.each<[args: string, exitCode: number, line: RegExp]>([
    ['--to PT2H --yes --connector other', 1, /^the table "tailscale-audit" has no state of a connector "other"/],
    ['--to 2999-01-01T00:00:00Z --yes', 2, /is in the future/],
    ['--to P91D --yes', 2, /Tailscale keeps its log for 90 days/],
    ['--to PT1M --yes', 2, /^\S+ is after the watermark \(.*a rewind cannot skip events/],
    ['--yes', 2, /^error: required option '--to <when>' not specified$/m],
    ['--to yesterday --yes', 2, /^"yesterday" is neither a time/],
    ['--to PT2H', 2, /^there is no terminal to ask for confirmation: use --yes$/],
    ['--to PT2H --stack s', 2, /cannot be used with option '--stack <name>'$/m],
  ])('rejects %s', async (args, exitCode, line) => {
    await openAt(Date.now() - HOUR);
    const before = [await world.item('STATE'), await world.item('GENESIS')];
    const ended = await rewind(args.split(' '));
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect([await world.item('STATE'), await world.item('GENESIS')]).toEqual(before);
  });
});

it('finds the table in the stack outputs', async () => {
  await open();
  await world.installedAgo(DAY);
  const plane = await startControlPlane({
    stacks: { [DEFAULT_STACK_NAME]: { [STACK_OUTPUT.table]: TABLE, [STACK_OUTPUT.connectors]: 'default' } },
  });
  const environment = { ...plane.environment, AWS_ENDPOINT_URL: world.gateway.url };
  expect(await tailscaleAudit(['rewind', '--to', 'PT2H', '--yes'], environment)).toMatchObject({ exitCode: 0 });
  expect(await tailscaleAudit(['rewind', '--to', 'PT2H', '--yes', '--connector', 'other'], environment)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('it has default') as string,
  });
  await plane.close();
});

describe('each error of the table is one line that says what to do', () => {
  it('a table that does not exist', async () => {
    await open();
    const ended = await tailscaleAudit(['rewind', '--table', 'other-table', '--to', 'PT2H', '--yes'], {
      AWS_ENDPOINT_URL: world.gateway.url,
    });
    expect(ended).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'the table "other-table" does not exist in eu-central-1 for these credentials; check AWS_REGION, AWS_PROFILE and the name\n',
    });
  });

  it.each([
    [
      'AccessDeniedException',
      'access to the table "tailscale-audit" is denied: the credentials need dynamodb:GetItem and dynamodb:UpdateItem\n',
    ],
    ['UnrecognizedClientException', 'AWS rejected the credentials (UnrecognizedClientException); log in again\n'],
    ['ValidationException', 'the call to the table "tailscale-audit" failed: ValidationException: because\n'],
  ])('%s', async (code, stderr) => {
    await open();
    world.gateway.intercept(() => ({
      status: 400,
      body: { __type: `com.amazon.coral.service#${code}`, message: 'because' },
    }));
    expect(await rewind(['--to', 'PT2H', '--yes'])).toEqual({ exitCode: 1, stdout: '', stderr });
  });
});

it('has examples in its help', async () => {
  await open();
  const help = await installedCommand(['rewind', '--help'], {});
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  expect(help.stdout).toContain('tailscale-audit rewind --to PT2H');
  expect(await installedCommand([], {})).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('redrive [options]') as string,
  });
});
