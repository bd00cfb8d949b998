import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { stripVTControlCharacters } from 'node:util';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { createTable } from '../../local/gateway/table';
import { openWorld, record } from '../support/world';
import { installedCommand, interruptedCommand, tailscaleAudit, type CommandOptions } from './command';
import { startControlPlane } from './control-plane';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-22T12:00:00Z');

let gateway: Gateway;
let client: DynamoDBClient;
let table: string;
let tables = 0;
beforeAll(async () => {
  gateway = await startGateway();
  client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
});
beforeEach(async () => {
  table = `status-${(tables += 1)}`;
  await createTable(gateway.url, table);
});
afterAll(async () => {
  client.destroy();
  await gateway.close();
});

const put = (pk: string, sk: string, item: object) => client.send(new PutItemCommand({ TableName: table, Item: marshall({ pk, sk, ...item }) }));
const done = (ago: number) => ({ doneFrom: NOW - ago, inflight: null });
const GENESIS = { installedAt: NOW - 10 * DAY, startFrom: NOW - 10 * DAY, committed: true, tailnetKey: 'example.com', tailnetId: 'example.com' };
const STATE = {
  v: 1, token: 7, owner: 'run-7', rev: 20, wm: NOW - 3 * MINUTE, leaseUntil: 0, lastOkAt: NOW - 2 * MINUTE, failStreak: 0, dialect: 'configuration',
  inflight: null, idFloor: null, sweeps: { hourly: done(12 * MINUTE), daily: done(3 * HOUR) },
};
const WAITING = { id: 'a1:x', status: 'quarantined', reason: 'MalformedDetail', at: NOW - HOUR, bucket: 'b', key: 'k', sha256: 's', bytes: 1 };

/** A connector's items, healthy but for what is said otherwise. */
async function connector({ id = 'default', state = {}, genesis = {}, ledger = {} }: { id?: string; state?: object; genesis?: object; ledger?: Readonly<Record<string, object>> } = {}): Promise<void> {
  await put(`TN#${id}`, 'GENESIS', { ...GENESIS, ...genesis });
  await put(`TN#${id}`, 'STATE', { ...STATE, ...state });
  for (const [sk, item] of Object.entries(ledger)) await put(`TN#${id}#LEDGER`, sk, item);
}

const status = async (args: readonly string[] = [], options: CommandOptions = {}) => {
  const ended = await tailscaleAudit(['status', '--table', table, '--connector', 'default', ...args], { AWS_ENDPOINT_URL: gateway.url }, { now: () => NOW, ...options });
  return { ...ended, stdout: stripVTControlCharacters(ended.stdout) };
};

interface Shown {
  readonly healthy: boolean;
  readonly connectors: readonly { readonly connector: string; readonly health: string; readonly problems: readonly { readonly rule: string; readonly message: string }[] }[];
}
const asJson = async () => JSON.parse((await status(['--json'])).stdout) as Shown;

describe('one connector', () => {
  it('has its place, its times and its counts in a table', async () => {
    await connector();
    const { exitCode, stdout, stderr } = await status();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const cells = stdout.split('\n').flatMap((line) => {
      const [, name, value] = line.split('│').map((cell) => cell.trim());
      return name === undefined || value === undefined ? [] : [[name, value]];
    });
    expect(Object.fromEntries(cells)).toEqual({
      'connector': 'default',
      'health': 'ok',
      'watermark': '3 min ago (2026-11-22T11:57:00.000Z)',
      'last poll': '2 min ago (2026-11-22T11:58:00.000Z)',
      'dialect': 'configuration',
      'tailnet': 'example.com',
      'lease': 'free',
      'sweeps': 'hourly 12 min ago, daily 3 h ago',
      'gaps': '0',
      'quarantine': '0',
      'backfills': 'none',
    });
  });

  it('has all of it as JSON', async () => {
    const gap = { from: NOW - 100 * DAY, until: NOW - 95 * DAY };
    await connector({
      state: { leaseUntil: NOW + MINUTE, inflight: { from: NOW - HOUR, until: NOW, asOf: null, cursor: 'c', page: 3, restarts: 1 }, sweeps: { hourly: { doneFrom: NOW - HOUR, inflight: { from: 1, until: 2, asOf: null, cursor: null, page: 0, restarts: 0, startedAt: NOW - MINUTE } }, daily: done(HOUR) } },
      ledger: { 'GAP#x': gap, 'QUAR#a1:x': WAITING, 'QUAR#a1:y': { ...WAITING, id: 'a1:y', reason: 'unparsed', at: NOW - MINUTE }, 'QUAR#a1:z': { ...WAITING, status: 'redriven' } },
    });
    const { exitCode, stdout } = await status(['--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      table,
      healthy: true,
      connectors: [
        {
          connector: 'default',
          at: '2026-11-22T12:00:00.000Z',
          health: 'warning',
          problems: [
            { rule: 'gap', level: 'warning', message: 'lost for good, because Tailscale no longer keeps it: 2026-08-14T12:00:00.000Z to 2026-08-19T12:00:00.000Z' },
            { rule: 'quarantine', level: 'warning', message: '2 in quarantine, of which 1 could not be read and were on the bus as they came: once the cause is gone, redrive' },
          ],
          watermark: '2026-11-22T11:57:00.000Z',
          watermarkAgeSeconds: 180,
          lastPoll: '2026-11-22T11:58:00.000Z',
          failStreak: 0,
          notBefore: null,
          dialect: 'configuration',
          tailnet: 'example.com',
          installedAt: '2026-11-12T12:00:00.000Z',
          lease: { until: '2026-11-22T12:01:00.000Z', runId: 'run-7' },
          window: { from: '2026-11-22T11:00:00.000Z', until: '2026-11-22T12:00:00.000Z', pages: 3, restarts: 1 },
          sweeps: { hourly: { lastDone: '2026-11-22T11:00:00.000Z', underWaySince: '2026-11-22T11:59:00.000Z' }, daily: { lastDone: '2026-11-22T11:00:00.000Z', underWaySince: null } },
          gaps: [{ from: '2026-08-14T12:00:00.000Z', until: '2026-08-19T12:00:00.000Z' }],
          quarantine: { waiting: 2, unparsed: 1, redriven: 1, oldestAt: '2026-11-22T11:00:00.000Z' },
          backfills: [],
          unreadable: [],
        },
      ],
    });
  });

  it('lists more quarantined events than one answer of the table holds', async () => {
    const entries = Array.from({ length: 30 }, (_, index) => [`QUAR#a1:${index}`, { ...WAITING, id: `a1:${index}`, padding: 'x'.repeat(50_000) }] as const);
    await connector({ ledger: Object.fromEntries(entries) });
    expect(await asJson()).toMatchObject({ connectors: [{ quarantine: { waiting: 30 } }] });
  });

  it('shows a name from upstream as text', async () => {
    await connector({ genesis: { tailnetId: 'evil\u001b[2J\u202e.com' } });
    const ended = await tailscaleAudit(['status', '--table', table, '--connector', 'default'], { AWS_ENDPOINT_URL: gateway.url }, { now: () => NOW });
    expect(ended.stdout).toContain('evil<U+001B>[2J<U+202E>.com');
  });
});

describe('is unhealthy', () => {
  it.each<[what: string, state: object, rule: string, message: RegExp]>([
    ['with a watermark over 20 minutes old', { wm: NOW - 20 * MINUTE - 1_000, lastOkAt: NOW - 30 * MINUTE }, 'stale', /^the watermark is 20 min 1 s behind; ask test-connection/],
    ['while it catches up', { wm: NOW - 3 * DAY }, 'stale', /^the watermark is 3 d behind; runs work and are catching up$/],
    ['after two failed runs', { failStreak: 2 }, 'failing', /^the last 2 runs have failed/],
    ['with a watermark in the future', { wm: NOW + HOUR }, 'future', /^the watermark lies 1 h in the future/],
    ['with a state that cannot be read', { wm: 'soon' }, 'unreadable', /^the STATE item: wm: .*tailscale-audit rewind$/],
    ['with a state of numbers that no computer holds', { wm: 2n ** 70n }, 'unreadable', /./],
  ])('%s', async (_, state, rule, message) => {
    await connector({ state });
    expect(await status()).toMatchObject({ exitCode: 4, stderr: 'unhealthy: default\n' });
    const { healthy, connectors } = await asJson();
    expect({ healthy, health: connectors[0]?.health, rules: connectors[0]?.problems.map((problem) => problem.rule) }).toEqual({ healthy: false, health: 'unhealthy', rules: [rule] });
    expect(connectors[0]?.problems[0]?.message).toMatch(message);
  });

  it('when it has never run', async () => {
    expect(await status()).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('unhealthy default: never-run: the function has not run for it yet') as string });
  });

  it('when its watermark is gone', async () => {
    await put('TN#default', 'GENESIS', GENESIS);
    expect((await asJson()).connectors[0]?.problems).toMatchObject([{ rule: 'state-lost' }]);
  });
});

describe('is healthy', () => {
  it.each<[what: string, items: Parameters<typeof connector>[0]]>([
    ['with a watermark of 20 minutes', { state: { wm: NOW - 20 * MINUTE } }],
    ['after one failed run', { state: { failStreak: 1 } }],
    ['with a gap that was announced long ago', { ledger: { 'GAP#x': { from: NOW - 200 * DAY, until: NOW - 121 * DAY } } }],
    ['with a quarantine that was redriven', { ledger: { 'QUAR#a1:x': { ...WAITING, status: 'redriven' } } }],
    ['before the first sweep', { genesis: { installedAt: NOW - HOUR }, state: { sweeps: undefined } }],
  ])('%s', async (_, items) => {
    await put('TN#default', 'GENESIS', GENESIS);
    await connector({ ...items, state: JSON.parse(JSON.stringify(items?.state ?? {})) as object });
    expect((await asJson()).connectors[0]).toMatchObject({ health: 'ok', problems: [] });
  });

  it.each<[rule: string, items: Parameters<typeof connector>[0], message: RegExp]>([
    ['waiting', { state: { notBefore: NOW + 10 * MINUTE } }, /until 2026-11-22T12:10:00.000Z$/],
    ['sweep-overdue', { state: { sweeps: { hourly: done(3 * HOUR), daily: done(3 * DAY) } } }, /^the hourly sweep is 3 h old, the daily sweep is 3 d old/],
    ['gap', { ledger: { 'GAP#x': { from: NOW - 200 * DAY, until: NOW - 119 * DAY } } }, /^lost for good/],
    ['quarantine', { ledger: { 'QUAR#a1:x': WAITING } }, /^1 in quarantine: once/],
    ['unreadable-entry', { ledger: { 'QUAR#a1:x': { status: 'lost' }, 'GAP#y': { from: 'then' } } }, /^2 items beside its state cannot be read; the first is TN#default#LEDGER GAP#y: the GAP item: from: /],
  ])('with a warning: %s', async (rule, items, message) => {
    await connector(items);
    expect((await status()).exitCode).toBe(0);
    const [one] = (await asJson()).connectors;
    expect(one).toMatchObject({ health: 'warning', problems: [{ rule, message: expect.stringMatching(message) as string }] });
    expect(one?.problems).toHaveLength(1);
  });
});

describe('backfills', () => {
  const COUNTS = { fetched: 40, emitted: 30, duplicates: 10, covered: 0, quarantined: 0, byAction: {}, bySeverity: {} };
  const job = (id: string) => put('TN#default#BF', id, { connector: 'default', dialect: 'configuration', from: NOW - 3 * DAY, until: NOW - DAY, force: false, dryRun: false, notes: [], sliceMs: DAY });
  const slice = (id: string, index: number, item: object = {}) =>
    put('TN#default#BF', `${id}#${index}`, { index, until: NOW - (2 - index) * DAY, readTo: NOW - (2 - index) * DAY, token: 1, rev: 3, inflight: null, counts: COUNTS, startedAt: NOW - HOUR, updatedAt: NOW - MINUTE, ...item });

  it('are those that have not ended, each with how far it is', async () => {
    await connector();
    await job('bf-done');
    await slice('bf-done', 0);
    await slice('bf-done', 1);
    await job('bf-new');
    await job('bf-running');
    await slice('bf-running', 0);
    await slice('bf-running', 1, { readTo: NOW - 36 * HOUR });
    expect(JSON.parse((await status(['--json'])).stdout)).toMatchObject({
      connectors: [
        {
          health: 'ok',
          backfills: [
            { job: 'bf-new', slices: 2, slicesDone: 0, emitted: 0, lastAt: null },
            { job: 'bf-running', from: '2026-11-19T12:00:00.000Z', until: '2026-11-21T12:00:00.000Z', slices: 2, slicesDone: 1, emitted: 60, lastAt: '2026-11-22T11:59:00.000Z' },
          ],
        },
      ],
    });
    expect((await status()).stdout).toMatch(/backfills +│ 2 \(bf-new: 0 of 2 slices, 0 events; bf-running: 1 of 2 slices, 60 events\)/);
  });

  it('are a warning when nothing goes on in them, and when they cannot be read', async () => {
    await connector();
    await job('bf-stopped');
    await slice('bf-stopped', 0, { readTo: NOW - 50 * HOUR, updatedAt: NOW - 2 * HOUR });
    await slice('bf-stopped', 1, { readTo: 'then' });
    const [one] = (await asJson()).connectors;
    expect(one).toMatchObject({ health: 'warning', problems: [{ rule: 'backfill-stalled', message: expect.stringContaining('in bf-stopped: ask the function to go on') as string }, { rule: 'unreadable-entry' }] });
  });
});

it('asks the table once for each partition', async () => {
  await connector();
  const asked: string[] = [];
  const stop = gateway.intercept(({ operation }) => void asked.push(operation));
  await status();
  stop();
  expect(asked).toEqual(['Query', 'Query', 'Query']);
});

it('shows every connector of the stack, and fails for the one that is ill', async () => {
  await connector({ id: 'dev' });
  await connector({ id: 'prod', state: { failStreak: 3 } });
  const plane = await startControlPlane({ stacks: { TailscaleAuditConnector: { TableName: table, Connectors: 'dev,prod' }, old: { TableName: table } } });
  const run = (...args: string[]) => tailscaleAudit(['status', ...args], { ...plane.environment, AWS_ENDPOINT_URL: gateway.url }, { now: () => NOW });
  const all = await run();
  expect(all).toMatchObject({ exitCode: 4, stderr: 'unhealthy: prod\n' });
  expect(stripVTControlCharacters(all.stdout)).toMatch(/│ dev +│ ok +│ 3 min ago .*\n.*│ prod +│ unhealthy +│ 3 min ago +│ 2 min ago, 3 failed since /);
  expect(await run('--connector', 'dev')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await run('--connector', 'other')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('it has dev, prod') as string });
  expect(await run('--stack', 'old')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('has no output Connectors') as string });
  await plane.close();
});

it('says of a connector that has just polled that it is well', async () => {
  const world = await openWorld();
  try {
    await (await world.sandbox()).poll();
    world.api.add(record());
    await (await world.sandbox()).poll();
    const ended = await installedCommand(['status', '--table', 'tailscale-audit', '--connector', 'default', '--json'], { AWS_ENDPOINT_URL: world.gateway.url });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({ healthy: true, connectors: [{ health: 'ok', dialect: 'audit', tailnet: 'default', lease: null, failStreak: 0, unreadable: [] }] });
  } finally {
    await world.close();
  }
});

describe('--watch', () => {
  it('puts the table on the screen again and again, until Ctrl-C', async () => {
    await connector();
    const controller = new AbortController();
    const screens: string[] = [];
    const redraw = (text: string): void => {
      if (screens.push(stripVTControlCharacters(text)) === 2) controller.abort();
    };
    expect(await status(['--watch', '1'], { redraw, interruption: controller.signal })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(screens).toHaveLength(2);
    expect(screens[1]).toMatch(/health +│ ok[^]*\n\n2026-11-22T12:00:00.000Z, again every 1 s; Ctrl-C ends it$/);
  });

  it('writes lines where there is no screen, and ends with how it was last', async () => {
    const swept = { doneFrom: Date.now(), inflight: null };
    await connector({ state: { wm: Date.now() - HOUR, sweeps: { hourly: swept, daily: swept } } });
    const args = ['status', '--table', table, '--connector', 'default', '--watch', '1'];
    const { exitCode, stdout, stderr } = await interruptedCommand(args, { AWS_ENDPOINT_URL: gateway.url }, 2);
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: 'unhealthy: default\n' });
    expect(stdout).toMatch(/^(?:\S+Z default unhealthy: watermark 1 h(?: \d+ s)? ago, stale\n){2}$/);
  });

  it('writes JSON lines', async () => {
    await connector({ state: { wm: Date.now() } });
    const args = ['status', '--table', table, '--connector', 'default', '--watch', '1', '--json'];
    const { stdout } = await interruptedCommand(args, { AWS_ENDPOINT_URL: gateway.url }, 2);
    expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as Shown).healthy)).toEqual([true, true]);
  });
});

describe('each trouble is one line that says what to do', () => {
  it.each<[trouble: string, args: string[], exitCode: number, line: RegExp]>([
    ['a table that is not there', ['--table', 'other-table', '--connector', 'default'], 1, /^the table "other-table" does not exist in eu-central-1/],
    ['a table without a connector', ['--table', 'some-table'], 2, /^a table does not say whose it is: give --connector/],
    ['a period that is none', ['--watch', 'often'], 2, /It is a number of seconds from 1 to 3600/],
  ])('%s', async (_, args, exitCode, line) => {
    const ended = await tailscaleAudit(['status', ...args], { AWS_ENDPOINT_URL: gateway.url });
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect(ended.stderr).toMatch(line);
  });

  it('a table that may not be read', async () => {
    const stop = gateway.intercept(() => ({ status: 400, body: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'because' } }));
    expect(await status()).toEqual({ exitCode: 1, stdout: '', stderr: `the table "${table}" may not be used with these credentials: they need dynamodb:Query\n` });
    stop();
  });
});
