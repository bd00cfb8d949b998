import { stripVTControlCharacters } from 'node:util';
import { openEnvironment, record } from '../harness/environment';
import { installedCommand, interruptedCommand, tailscaleAudit } from './command';
import { startControlPlane } from './control-plane';
import { MINUTE, HOUR, DAY, NOW, gateway, table, done, WAITING, connector, status, asJson } from './status-setting';

describe('one connector', () => {
  it('is shown in a table', async () => {
    await connector();
    const { exitCode, stdout, stderr } = await status();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const rows = [...stdout.matchAll(/^│ ([^│]+?) +│ (.+?) +│$/gm)].map(([, name, value]) => [name, value]);
    expect(rows).toEqual([
      ['connector', 'default'],
      ['health', 'ok'],
      ['watermark', '3 min ago (2026-11-22T11:57:00.000Z)'],
      ['last poll', '2 min ago (2026-11-22T11:58:00.000Z)'],
      ['dialect', 'configuration'],
      ['tailnet', 'example.com'],
      ['lease', 'free'],
      ['sweeps', 'hourly 12 min ago, daily 3 h ago'],
      ['gaps', '0'],
      ['quarantine', '0'],
      ['backfills', 'none'],
    ]);
  });

  it('is complete with --json', async () => {
    const gap = { from: NOW - 100 * DAY, until: NOW - 95 * DAY };
    await connector({
      state: {
        leaseUntil: NOW + MINUTE,
        inflight: { from: NOW - HOUR, until: NOW, asOf: null, cursor: 'c', page: 3, restarts: 1 },
        sweeps: {
          hourly: {
            doneFrom: NOW - HOUR,
            inflight: { from: 1, until: 2, asOf: null, cursor: null, page: 0, restarts: 0, startedAt: NOW - MINUTE },
          },
          daily: done(HOUR),
        },
      },
      ledger: {
        'GAP#x': gap,
        'QUAR#a1:x': WAITING,
        'QUAR#a1:y': { ...WAITING, id: 'a1:y', reason: 'unparsed', at: NOW - MINUTE },
        'QUAR#a1:z': { ...WAITING, status: 'redriven' },
      },
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
            {
              rule: 'gap',
              level: 'warning',
              message:
                'lost, because Tailscale no longer keeps it: 2026-08-14T12:00:00.000Z to 2026-08-19T12:00:00.000Z',
            },
            {
              rule: 'quarantine',
              level: 'warning',
              message:
                '2 in quarantine, of which 1 are unparsed records, already published: once the cause is fixed, run redrive',
            },
          ],
          watermark: '2026-11-22T11:57:00.000Z',
          watermarkAgeSeconds: 180,
          lastPoll: '2026-11-22T11:58:00.000Z',
          lastEvent: '2026-11-22T11:00:00.000Z',
          failStreak: 0,
          notBefore: null,
          dialect: 'configuration',
          tailnet: 'example.com',
          installedAt: '2026-11-12T12:00:00.000Z',
          lease: { until: '2026-11-22T12:01:00.000Z', runId: 'run-7' },
          window: { from: '2026-11-22T11:00:00.000Z', until: '2026-11-22T12:00:00.000Z', pages: 3, restarts: 1 },
          sweeps: {
            hourly: { lastDone: '2026-11-22T11:00:00.000Z', underWaySince: '2026-11-22T11:59:00.000Z' },
            daily: { lastDone: '2026-11-22T11:00:00.000Z', underWaySince: null },
          },
          gaps: [{ from: '2026-08-14T12:00:00.000Z', until: '2026-08-19T12:00:00.000Z' }],
          quarantine: { waiting: 2, unparsed: 1, redriven: 1, oldestAt: '2026-11-22T11:00:00.000Z' },
          backfills: [],
          unreadable: [],
        },
      ],
    });
  });

  it('counts more quarantined events than one page of a Query has', async () => {
    const entries = Array.from(
      { length: 30 },
      (_, index) => [`QUAR#a1:${index}`, { ...WAITING, id: `a1:${index}`, padding: 'x'.repeat(50_000) }] as const,
    );
    await connector({ ledger: Object.fromEntries(entries) });
    expect(await asJson()).toMatchObject({ connectors: [{ quarantine: { waiting: 30 } }] });
  });
});

it('queries each partition once', async () => {
  await connector();
  const asked: string[] = [];
  const stop = gateway.intercept(({ operation }) => void asked.push(operation));
  await status();
  stop();
  expect(asked).toEqual(['Query', 'Query', 'Query']);
});

it('shows every connector of the stack, and fails if one is unhealthy', async () => {
  await connector({ id: 'dev' });
  await connector({ id: 'prod', state: { failStreak: 3 } });
  const plane = await startControlPlane({
    stacks: { TailscaleAuditConnector: { TableName: table, Connectors: 'dev,prod' }, old: { TableName: table } },
  });
  const run = (...args: string[]) =>
    tailscaleAudit(['status', ...args], { ...plane.environment, AWS_ENDPOINT_URL: gateway.url }, { now: () => NOW });
  const all = await run();
  expect(all).toMatchObject({ exitCode: 4, stderr: 'unhealthy: prod\n' });
  expect(stripVTControlCharacters(all.stdout)).toMatch(
    /│ dev +│ ok +│ 3 min ago .*\n.*│ prod +│ unhealthy +│ 3 min ago +│ 2 min ago, 3 failures since /,
  );
  expect(await run('--connector', 'dev')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await run('--connector', 'other')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('it has dev, prod') as string,
  });
  expect(await run('--stack', 'old')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('has no output Connectors') as string,
  });
  await plane.close();
});

it('reports a connector that has just polled as healthy', async () => {
  const world = await openEnvironment();
  try {
    await (await world.sandbox()).poll();
    world.api.add(record());
    await (await world.sandbox()).poll();
    const args = ['status', '--table', 'tailscale-audit', '--connector', 'default', '--json'];
    const ended = await installedCommand(args, { AWS_ENDPOINT_URL: world.gateway.url });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      healthy: true,
      connectors: [{ health: 'ok', dialect: 'audit', tailnet: 'default', lease: null, failStreak: 0, unreadable: [] }],
    });
  } finally {
    await world.close();
  }
});

describe('--watch', () => {
  it('updates the table on the screen until Ctrl-C', async () => {
    await connector();
    const controller = new AbortController();
    const screens: string[] = [];
    const redraw = (text: string): void => {
      if (screens.push(stripVTControlCharacters(text)) === 2) controller.abort();
    };
    expect(await status(['--watch', '1'], { redraw, interruption: controller.signal })).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    expect(screens).toHaveLength(2);
    expect(screens[1]).toMatch(/health +│ ok[^]*\n\n2026-11-22T12:00:00.000Z, updated every 1 s; Ctrl-C ends$/);
  });

  it('prints lines without a screen, and exits with the last status', async () => {
    const swept = { doneFrom: Date.now(), inflight: null };
    await connector({ state: { wm: Date.now() - HOUR, sweeps: { hourly: swept, daily: swept } } });
    const args = ['status', '--table', table, '--connector', 'default', '--watch', '1'];
    const { exitCode, stdout, stderr } = await interruptedCommand(args, { AWS_ENDPOINT_URL: gateway.url }, 2);
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: 'unhealthy: default\n' });
    expect(stdout).toMatch(/^(?:\S+Z default unhealthy: watermark 1 h(?: \d+ s)? ago, stale\n){2}$/);
  });

  it('prints JSON lines', async () => {
    await connector();
    const { stdout } = await status(['--watch', '1', '--json'], { interruption: AbortSignal.timeout(1_500) });
    const lines = stdout.trim().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ healthy: true });
  });
});

it.each<[error: string, args: string[], exitCode: number, line: RegExp]>([
  ['a missing table', ['--table', 'other', '--connector', 'a'], 1, /^the table "other" does not exist in eu-central-1/],
  ['a table without a connector', ['--table', 'some-table'], 2, /^--table needs --connector$/m],
  ['an invalid period', ['--watch', 'often'], 2, /Use a number of seconds from 1 to 3600/],
])('reports %s in one line', async (_, args, exitCode, line) => {
  const ended = await tailscaleAudit(['status', ...args], { AWS_ENDPOINT_URL: gateway.url });
  expect(ended).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(line) as string });
});

it('reports a table without access in one line', async () => {
  const body = { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'because' };
  const stop = gateway.intercept(() => ({ status: 400, body }));
  expect(await status()).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `access to the table "${table}" is denied: the credentials need dynamodb:Query\n`,
  });
  stop();
});
