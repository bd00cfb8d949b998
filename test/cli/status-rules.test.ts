import { STACK_OUTPUT } from '../../lib/contract/names';
import { synthesize } from '../infra/synth';
import { tailscaleAudit } from './command';
import { startControlPlane, type ControlPlane } from './control-plane';
import {
  MINUTE,
  HOUR,
  DAY,
  NOW,
  gateway,
  table,
  put,
  done,
  GENESIS,
  WAITING,
  connector,
  status,
  asJson,
  job,
  slice,
  type Shown,
} from './status-setting';

describe('is unhealthy', () => {
  it.each<[what: string, state: object, rule: string, message: RegExp]>([
    [
      'with a watermark over 20 minutes old',
      { wm: NOW - 20 * MINUTE - 1_000, lastOkAt: NOW - 30 * MINUTE },
      'stale',
      /^the watermark is 20 min 1 s old; run test-connection/,
    ],
    [
      'while it catches up',
      { wm: NOW - 3 * DAY },
      'stale',
      /^the watermark is 3 d old; runs succeed and are catching up$/,
    ],
    ['after two failed runs', { failStreak: 2 }, 'failing', /^the last 2 runs failed/],
    [
      'with a health event that is not published',
      { owed: [{ kind: 'blind', description: 'x', code: null, at: NOW, runId: 'r', interval: null }] },
      'owed',
      /^1 health events are not published yet; the first is blind/,
    ],
    ['with a watermark in the future', { wm: NOW + HOUR }, 'future', /^the watermark is 1 h in the future/],
    ['with an unreadable state', { wm: 'soon' }, 'unreadable', /^the STATE item: wm: .*tailscale-audit rewind$/],
    ["with a number in its state beyond JavaScript's range", { wm: 2n ** 70n }, 'unreadable', /./],
  ])('%s', async (_, state, rule, message) => {
    await connector({ state });
    expect(await status()).toMatchObject({ exitCode: 4, stderr: 'unhealthy: default\n' });
    const { healthy, connectors } = await asJson();
    expect({
      healthy,
      health: connectors[0]?.health,
      rules: connectors[0]?.problems.map((problem) => problem.rule),
    }).toEqual({ healthy: false, health: 'unhealthy', rules: [rule] });
    expect(connectors[0]?.problems[0]?.message).toMatch(message);
  });

  it('if it has never run', async () => {
    expect(await status()).toMatchObject({
      exitCode: 4,
      stdout: expect.stringContaining('unhealthy default: never-run: the function has not run for it yet') as string,
    });
  });

  it('if its watermark is missing', async () => {
    await put('TN#default', 'GENESIS', GENESIS);
    expect((await asJson()).connectors[0]?.problems).toMatchObject([{ rule: 'state-lost' }]);
  });
});

describe('is healthy', () => {
  it.each<[what: string, items: Parameters<typeof connector>[0]]>([
    ['with a watermark of 20 minutes', { state: { wm: NOW - 20 * MINUTE } }],
    ['after one failed run', { state: { failStreak: 1 } }],
    ['with an old gap', { ledger: { 'GAP#x': { from: NOW - 200 * DAY, until: NOW - 121 * DAY } } }],
    ['with a redriven event', { ledger: { 'QUAR#a1:x': { ...WAITING, status: 'redriven' } } }],
    ['before the first sweep', { installation: { installedAt: NOW - HOUR }, state: { sweeps: undefined } }],
  ])('%s', async (_, items) => {
    await put('TN#default', 'GENESIS', GENESIS);
    await connector({ ...items, state: JSON.parse(JSON.stringify(items?.state ?? {})) as object });
    expect((await asJson()).connectors[0]).toMatchObject({ health: 'ok', problems: [] });
  });

  it.each<[rule: string, items: Parameters<typeof connector>[0], message: RegExp]>([
    ['waiting', { state: { notBefore: NOW + 10 * MINUTE } }, /until 2026-11-22T12:10:00.000Z$/],
    [
      'sweep-overdue',
      { state: { sweeps: { hourly: done(3 * HOUR), daily: done(3 * DAY) } } },
      /^the hourly sweep is 3 h old, the daily sweep is 3 d old/,
    ],
    ['gap', { ledger: { 'GAP#x': { from: NOW - 200 * DAY, until: NOW - 119 * DAY } } }, /^lost, because/],
    ['quarantine', { ledger: { 'QUAR#a1:x': WAITING } }, /^1 in quarantine: once/],
    [
      'unreadable-entry',
      { ledger: { 'QUAR#a1:x': { status: 'lost' }, 'GAP#y': { from: 'then' } } },
      /^2 items besides its state are unreadable; the first is TN#default#LEDGER GAP#y: the GAP item: from: /,
    ],
  ])('with a warning: %s', async (rule, items, message) => {
    await connector(items);
    expect((await status()).exitCode).toBe(0);
    const [one] = (await asJson()).connectors;
    expect(one).toMatchObject({
      health: 'warning',
      problems: [{ rule, message: expect.stringMatching(message) as string }],
    });
    expect(one?.problems).toHaveLength(1);
  });
});

describe('a connector without records', () => {
  it.each<[what: string, items: Parameters<typeof connector>[0], args: string[], message: RegExp | null]>([
    ['for 7 days', { state: { lastEventAt: NOW - 7 * DAY } }, [], null],
    [
      'for longer',
      { state: { lastEventAt: NOW - 7 * DAY - MINUTE } },
      [],
      /^the newest record is 7 d 1 min old: the tailnet is quiet, or the credential lost a scope/,
    ],
    [
      'for longer than --quiet-after',
      { state: { lastEventAt: NOW - 2 * HOUR } },
      ['--quiet-after', 'PT1H'],
      /^the newest record is 2 h old/,
    ],
    ['for less than --quiet-after', { state: { lastEventAt: NOW - 20 * DAY } }, ['--quiet-after', 'P30D'], null],
    ['since its installation', { state: { lastEventAt: undefined } }, [], /^no record since the installation 10 d ago/],
    ['and is new', { state: { lastEventAt: undefined }, installation: { installedAt: NOW - 6 * DAY } }, [], null],
  ])('%s', async (_, items, args, message) => {
    await connector(items);
    const { exitCode, stdout } = await status(['--json', ...args]);
    const problems =
      message === null ? [] : [{ rule: 'quiet', level: 'warning', message: expect.stringMatching(message) as string }];
    expect({ exitCode, problems: (JSON.parse(stdout) as Shown).connectors[0]?.problems }).toEqual({
      exitCode: 0,
      problems,
    });
  });

  it.each(['7 days', 'PT0S', ''])('rejects --quiet-after %j', async (length) => {
    expect(await status(['--quiet-after', length])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Use a duration such as P7D') as string,
    });
  });
});

describe('expected-activity rules', () => {
  const WHO = { reason: 'because', actor: 'ci@example.com' };
  const rules = [
    { rule: 'nightly', ...WHO },
    { rule: 'red-team', ...WHO, endsOn: '2026-11-22' },
    { rule: 'migration', ...WHO, endsOn: '2026-11-23' },
  ];
  let plane: ControlPlane;
  const open = async (connectors: string, expectedActivity: typeof rules) => {
    // The output of the real stack.
    const expected = synthesize({ expectedActivity }).Outputs[STACK_OUTPUT.expectedActivity];
    const outputs = {
      [STACK_OUTPUT.table]: table,
      [STACK_OUTPUT.connectors]: connectors,
      ...(expected === undefined ? {} : { [STACK_OUTPUT.expectedActivity]: String(expected.Value) }),
    };
    plane = await startControlPlane({ stacks: { TailscaleAuditConnector: outputs } });
  };
  const problemsOf = async (...args: string[]) => {
    const { stdout } = await tailscaleAudit(
      ['status', '--json', ...args],
      { ...plane.environment, AWS_ENDPOINT_URL: gateway.url },
      { now: () => NOW },
    );
    return (JSON.parse(stdout) as Shown).connectors.map(({ connector: id, problems }) => [
      id,
      ...problems.map(({ rule, message }) => `${rule}: ${message}`),
    ]);
  };
  afterEach(() => plane.close());

  it('cause no warning while they match, or without rules', async () => {
    await connector({ state: { matched: { nightly: NOW - 30 * DAY, migration: NOW } } });
    await open(
      'default',
      rules.filter(({ rule }) => rule !== 'red-team'),
    );
    expect(await problemsOf()).toEqual([['default']]);
    await plane.close();
    await open('default', []);
    expect(await problemsOf()).toEqual([['default']]);
  });

  it('cause a warning from the day on which they end', async () => {
    await connector({ state: { matched: { nightly: NOW, migration: NOW } } });
    await open('default', rules);
    expect(await problemsOf()).toEqual([
      ['default', expect.stringMatching(/^expected-expired: .* red-team \(endsOn 2026-11-22\)\. Remove/)],
    ]);
  });

  it('cause a warning after 30 days without a match, counted from the installation for a new rule', async () => {
    await connector({ installation: { installedAt: NOW - 31 * DAY }, state: { matched: { nightly: NOW - 31 * DAY } } });
    await open('default', rules);
    expect(await problemsOf()).toEqual([
      [
        'default',
        expect.stringContaining('expected-expired'),
        expect.stringMatching(
          /nothing for 30 days: nightly \(last at 2026-10-22T12:00:00.000Z\), migration \(never since the installation at 2026-10-22T12:00:00.000Z; the rule may be newer\)\./,
        ),
      ],
    ]);
  });

  it('count a match in any connector for all', async () => {
    await connector({ id: 'dev', installation: { installedAt: NOW - 90 * DAY } });
    await connector({
      id: 'prod',
      installation: { installedAt: NOW - 90 * DAY },
      state: { matched: { nightly: NOW - DAY } },
    });
    await open('dev,prod', rules.slice(0, 1));
    expect(await problemsOf()).toEqual([['dev'], ['prod']]);
    expect(await problemsOf('--connector', 'dev')).toEqual([['dev', expect.stringContaining('nightly (never since')]]);
  });

  it('are not checked with --table, and an invalid output is an error', async () => {
    await connector({ installation: { installedAt: NOW - 90 * DAY } });
    plane = await startControlPlane({
      stacks: {
        TailscaleAuditConnector: { [STACK_OUTPUT.table]: table, Connectors: 'default', ExpectedActivity: 'yes' },
      },
    });
    expect((await asJson()).connectors[0]?.problems).toEqual([]);
    const ended = await tailscaleAudit(
      ['status'],
      { ...plane.environment, AWS_ENDPOINT_URL: gateway.url },
      { now: () => NOW },
    );
    expect(ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^the output ExpectedActivity of the stack "TailscaleAuditConnector": .*expected array/,
      ) as string,
    });
  });
});

describe('backfills', () => {
  it('are listed with their progress until they end', async () => {
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
            {
              job: 'bf-running',
              from: '2026-11-19T12:00:00.000Z',
              until: '2026-11-21T12:00:00.000Z',
              slices: 2,
              slicesDone: 1,
              emitted: 60,
              lastAt: '2026-11-22T11:59:00.000Z',
            },
          ],
        },
      ],
    });
    expect((await status()).stdout).toMatch(
      /backfills +│ 2 \(bf-new: 0 of 2 slices, 0 events; bf-running: 1 of 2 slices, 60 events\)/,
    );
  });

  it('cause a warning if they make no progress, and if they are unreadable', async () => {
    await connector();
    await job('bf-stopped');
    await slice('bf-stopped', 0, { readTo: NOW - 50 * HOUR, updatedAt: NOW - 2 * HOUR });
    await slice('bf-stopped', 1, { readTo: 'then' });
    const [one] = (await asJson()).connectors;
    expect(one).toMatchObject({
      health: 'warning',
      problems: [
        {
          rule: 'backfill-stalled',
          message: expect.stringContaining('in bf-stopped: invoke the function') as string,
        },
        { rule: 'unreadable-entry' },
      ],
    });
  });
});
