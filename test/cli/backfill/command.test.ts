import { PassThrough } from 'node:stream';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { BackfillPlan, BackfillReport, SliceInvocation } from '../../../lib/contract/backfill';
import { DEFAULT_STACK_NAME, STACK_OUTPUT } from '../../../lib/contract/names';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { openEnvironment, type TestEnvironment } from '../../harness/environment';
import { tailscaleAudit, type CommandOptions } from '../command';
import { startControlPlane, type ControlPlane } from '../control-plane';
import type { LocalExecution, LocalStateMachine } from '../step-functions';
import { DAY } from '../../../lib/domain/time';

const MACHINE = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Backfill';
const STACK = {
  [STACK_OUTPUT.backfillStateMachine]: MACHINE,
  [STACK_OUTPUT.table]: 'tailscale-audit',
  [STACK_OUTPUT.connectors]: 'default',
};
const NOW = Date.parse('2026-11-22T08:00:00.000Z');
const NAME = 'backfill-2026-11-22T08-00-00-000Z';
const JOB = `bf-${'1'.repeat(32)}`;
const FROM = Date.parse('2026-11-01T00:00:00.000Z');
const iso = (millis: number) => new Date(millis).toISOString();
const containing = (text: string): unknown => expect.stringContaining(text);

const common = { connector: 'default', jobId: JOB, force: false, dryRun: false };
const slice = (at: number): SliceInvocation => ({
  action: 'slice',
  ...common,
  slice: at,
  from: iso(FROM + at * DAY),
  until: iso(FROM + (at + 1) * DAY),
});
const job = { ...common, dialect: 'configuration', from: iso(FROM), until: iso(FROM + 3 * DAY) } as const;
const plan: BackfillPlan = {
  ...job,
  notes: ['until was later: live polling reads that'],
  slices: [slice(0), slice(1), slice(2)],
};
const report: BackfillReport = {
  ...job,
  slice: null,
  fetched: 1203,
  emitted: 1190,
  duplicates: 10,
  quarantined: 0,
  byAction: { 'device:approve': 7, 'acl:update': 90, 'POLICY\u001b[2J': 1, 'policy diff': 90, 'user:login': 1002 },
  bySeverity: { info: 1003, medium: 2, high: 185 },
  notes: plan.notes,
  done: true,
  next: null,
  startedAt: '2026-11-22T08:00:01.000Z',
  updatedAt: '2026-11-22T08:02:11.000Z',
};

let world: TestEnvironment;
let plane: ControlPlane;
let table: DynamoDBClient;
const started: unknown[] = [];

async function open(machine: LocalStateMachine, stack: Readonly<Record<string, string>> = STACK): Promise<void> {
  world = await openEnvironment();
  table = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: world.gateway.url });
  const watched: LocalStateMachine = (input, execution) => {
    started.push(input);
    machine(input, execution);
  };
  plane = await startControlPlane({
    stacks: { [DEFAULT_STACK_NAME]: stack },
    stateMachines: { [MACHINE]: watched },
  });
}

afterEach(async () => {
  started.length = 0;
  table.destroy();
  await Promise.all([world.close(), plane.close()]);
});

const backfill = (args: readonly string[], options: CommandOptions = {}) =>
  tailscaleAudit(
    ['backfill', ...args],
    { AWS_ENDPOINT_URL: world.gateway.url, ...plane.environment },
    { now: () => NOW, ...options },
  );

/** Writes the function's item of a slice. */
async function standAt(at: number, readTo: number, fetched: number, page?: number): Promise<void> {
  const counts = { fetched, emitted: fetched, duplicates: 0, quarantined: 0, byAction: {}, bySeverity: {} };
  const item = {
    pk: 'TN#default#BF',
    sk: `${JOB}#${at}`,
    index: at,
    until: FROM + (at + 1) * DAY,
    token: 1,
    rev: 1,
    readTo,
    inflight:
      page === undefined ? null : { from: FROM, until: FROM + DAY, asOf: null, cursor: null, page, restarts: 0 },
    counts,
    startedAt: NOW,
  };
  await table.send(new PutItemCommand({ TableName: 'tailscale-audit', Item: marshall(item) }));
}

const succeeds: LocalStateMachine = (_input, execution) => {
  Object.assign(execution, { plan });
  setTimeout(() => Object.assign(execution, { status: 'SUCCEEDED', output: report }), 150);
};

it('starts the job, waits for its end, and shows its events by severity and by action', async () => {
  await open(succeeds);
  const range = '--from 2026-11-01T00:00:00Z --until 2026-11-04T00:00:00Z --slice-hours 24';
  const ended = await backfill(`${range} --force --concurrency 2 --rerun 1 --connector default`.split(' '));
  expect(started).toEqual([
    {
      request: {
        connector: 'default',
        from: '2026-11-01T00:00:00Z',
        until: '2026-11-04T00:00:00Z',
        rerun: 1,
        sliceHours: 24,
        force: true,
        dryRun: false,
      },
      concurrency: 2,
    },
  ]);
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr.split('\n').slice(0, 3)).toEqual([
    `Started ${NAME}.`,
    `${JOB}: default, 2026-11-01T00:00:00.000Z until 2026-11-04T00:00:00.000Z, configuration dialect, 3 slices`,
    'note: until was later: live polling reads that',
  ]);
  expect(ended.stdout.split('\n').map((line) => line.replaceAll(/[│\s]+/g, ' ').trim())).toEqual(
    expect.arrayContaining([
      'default: 2026-11-01T00:00:00.000Z until 2026-11-04T00:00:00.000Z, configuration dialect, in 2 min 10 s',
      'severity events',
      'high 185',
      'medium 2',
      'info 1003',
      'action events',
      'user:login 1002',
      'acl:update 90',
      'policy diff 90',
      'device:approve 7',
      'POLICY\\u001b[2J 1',
      '1203 records read, 1190 events published, 10 already published before, 0 quarantined',
    ]),
  );
  const order = ['high', 'medium', 'info', 'user:login', 'acl:update', 'device:approve'].map((name) =>
    ended.stdout.indexOf(name),
  );
  expect(order).toEqual([...order].sort((one, other) => one - other));
});

it('passes only the options that are set', async () => {
  await open(succeeds);
  await backfill(['--last', 'P3D', '--dry-run']);
  expect(started).toEqual([{ request: { last: 'P3D', force: false, dryRun: true } }]);
});

it('prints one JSON object with --json', async () => {
  await open(succeeds);
  const { stdout, exitCode } = await backfill(['--last', 'P3D', '--json']);
  expect(exitCode).toBe(0);
  expect(stdout.trimEnd()).not.toContain('\n');
  expect(JSON.parse(stdout)).toMatchObject({
    execution: NAME,
    jobId: JOB,
    emitted: 1190,
    bySeverity: report.bySeverity,
    done: true,
  });
});

it('shows how to publish quarantined events', async () => {
  await open((_input, execution) =>
    Object.assign(execution, { status: 'SUCCEEDED', plan, output: { ...report, quarantined: 2 } }),
  );
  expect(await backfill(['--last', 'P3D'])).toMatchObject({
    exitCode: 0,
    stderr: containing('2 events are quarantined. Once the cause is fixed, tailscale-audit redrive'),
  });
});

/** The job takes one step each time that the command queries its slices, and then ends. */
async function openInSteps(
  steps: readonly (() => Promise<void>)[],
  ending: () => Partial<LocalExecution>,
  planned = plan,
): Promise<void> {
  let running: LocalExecution | undefined;
  let looks = 0;
  await open((_input, execution) => {
    running = Object.assign(execution, { plan: planned });
  });
  world.gateway.intercept(async ({ operation }) => {
    if (operation !== 'Query') return undefined;
    const step = steps[looks];
    looks += 1;
    if (step === undefined) Object.assign(running ?? {}, ending());
    else await step();
    return undefined;
  });
}

describe('progress', () => {
  const steps = [
    () => standAt(0, FROM + DAY / 2, 200),
    () => standAt(0, FROM + DAY, 400),
    () => standAt(1, FROM + 1.25 * DAY, 100),
    () => standAt(1, FROM + 2 * DAY, 300),
  ];
  const succeeded = () => ({ status: 'SUCCEEDED', output: report }) as const;
  /** 10 s pass between two readings. */
  const clock = () => {
    let now = NOW;
    return () => (now += 10_000);
  };

  it('is shown in lines without a screen, with rate and time left', async () => {
    await openInSteps(steps, succeeded);
    const { stderr } = await backfill(['--last', 'P3D'], { now: clock() });
    expect(stderr.split('\n').slice(3, -1)).toEqual([
      '0 of 3 slices done, 16 %, 200 records',
      '1 of 3 slices done, 33 %, 400 records, 20/s, 40 s left',
      '1 of 3 slices done, 41 %, 500 records, 15/s, 47 s left',
      '2 of 3 slices done, 66 %, 700 records, 17/s, 20 s left',
    ]);
  });

  it('is shown as a bar for each running slice, and one for the job', async () => {
    await openInSteps(steps, succeeded);
    const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
    const { stderr, exitCode } = await backfill(['--last', 'P3D'], { screen, now: clock() });
    expect(exitCode).toBe(0);
    const drawn = String(screen.read());
    expect(drawn).toMatch(/0 of 3 slices done +#{4}\.{20} 16%/);
    expect(drawn).toMatch(/2 of 3 slices done +#{16}\.{8} 66%  +700 records +\d+\/s +(?:\d+ min )?\d+ s left/);
    expect(drawn).toMatch(/from 2026-11-01T00:00 +#{12}\.{12} 50%/);
    expect(drawn).toMatch(/from 2026-11-02T00:00 +#{6}\.{18} 25%/);
    expect(stderr).not.toMatch(/slices done/);
  });

  it('is a page number if the number of pages is unknown', async () => {
    const paged = { ...plan, dialect: 'audit', slices: [{ ...slice(0), until: job.until }] } as const;
    await openInSteps([() => standAt(0, FROM, 5_000, 17)], succeeded, paged);
    const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
    await backfill(['--last', 'P3D'], { screen });
    expect(String(screen.read())).toMatch(/0 of 1 slices done +\.{24} 0%  +5000 records .* page 17/);
  });

  it('ends with Ctrl-C while the job continues, and --attach shows it again', async () => {
    const controller = new AbortController();
    await openInSteps(
      [
        () => standAt(0, FROM + DAY, 400),
        () =>
          Promise.resolve().then(() => {
            controller.abort();
          }),
      ],
      succeeded,
    );
    const left = await backfill(['--last', 'P3D'], { interruption: controller.signal });
    expect(left).toMatchObject({ exitCode: 130, stdout: '' });
    const [, command = ''] = /To show it again: tailscale-audit backfill (.+)$/m.exec(left.stderr) ?? [];
    expect(command).toBe(`--attach ${NAME} --stack TailscaleAuditConnector`);
    const back = await backfill(command.split(' '));
    expect(back).toMatchObject({ exitCode: 0, stdout: containing('1190 events published') });
    expect(started).toHaveLength(1);
  });
});

describe('a job that fails', () => {
  const cause = (errorMessage: string) => JSON.stringify({ errorType: 'BackfillFailed', errorMessage, trace: [] });

  it('ends with 1, the reason of each failed slice, and how to continue', async () => {
    const failedSlices = [
      { input: slice(1), error: 'BackfillFailed', cause: cause('default: UNAUTHORIZED \u001b[31mput a new key in') },
    ];
    await open((_input, execution) =>
      Object.assign(execution, {
        status: 'FAILED',
        plan,
        error: 'States.ExceedToleratedFailureThreshold',
        cause: 'too many',
        failedSlices,
      }),
    );
    const { exitCode, stderr, stdout } = await backfill(['--last', 'P3D']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(
      'the slice from 2026-11-02T00:00:00.000Z until 2026-11-03T00:00:00.000Z failed: BackfillFailed default: UNAUTHORIZED \\u001b[31mput a new key in',
    );
    expect(stderr).toContain(
      `aws stepfunctions redrive-execution --execution-arn arn:aws:states:eu-central-1:111122223333:execution:Backfill:${NAME}`,
    );
    expect(stderr).toContain(`the backfill ${NAME} failed: States.ExceedToleratedFailureThreshold too many`);
  });

  it("because of its input ends with 2 and the function's message", async () => {
    await open((_input, execution) =>
      Object.assign(execution, {
        status: 'FAILED',
        error: 'InvalidInput',
        cause: cause('backfill: last: must be at least one minute, PT1M'),
      }),
    );
    expect(await backfill(['--last', 'PT1S'])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `Started ${NAME}.\nbackfill: last: must be at least one minute, PT1M\n`,
    });
  });

  it('before its plan is made ends with 1 and says so', async () => {
    await open((_input, execution) =>
      Object.assign(execution, {
        status: 'FAILED',
        error: 'BackfillFailed',
        cause: cause('default: STATE_UNAVAILABLE the table'),
      }),
    );
    expect(await backfill(['--last', 'P1D'])).toMatchObject({
      exitCode: 1,
      stderr: containing('failed before its plan was made: BackfillFailed default: STATE_UNAVAILABLE the table'),
    });
  });

  it('because it was stopped ends with 1 and says so', async () => {
    await open((_input, execution) => Object.assign(execution, { status: 'ABORTED', plan }));
    expect(await backfill(['--last', 'P1D'])).toMatchObject({
      exitCode: 1,
      stderr: containing(`the backfill ${NAME} was stopped: ABORTED`),
    });
  });
});

describe('usage errors', () => {
  it.each([
    '--json',
    '--until 2026-11-04T00:00:00Z',
    '--last P1D --from 2026-11-04T00:00:00Z',
    '--last 7d',
    '--from yesterday',
    '--from 2026-10-01T00:00:00',
    ...['0', '41', '2.5'].map((concurrency) => `--last P1D --concurrency ${concurrency}`),
    '--last P1D --rerun -1',
    `--attach ${NAME} --last P1D`,
    `--attach ${NAME} --force`,
    '--last P1D --table tailscale-audit',
    `--last P1D --state-machine ${MACHINE}`,
    `--last P1D --state-machine ${MACHINE} --table tailscale-audit --stack Other`,
    '--last P1D --connector other',
  ])('%s ends with 2 and starts nothing', async (args) => {
    await open(succeeds);
    expect(await backfill(args.split(' '))).toMatchObject({ exitCode: 2, stdout: '' });
    expect(started).toEqual([]);
  });

  it('reports a backfill that does not exist', async () => {
    await open(succeeds);
    expect(await backfill(['--attach', 'nothing'])).toMatchObject({
      exitCode: 1,
      stderr: containing('the backfill "nothing" does not exist in eu-central-1'),
    });
  });

  it('reports a stack without the state machine', async () => {
    await open(succeeds, { TableName: 'tailscale-audit' });
    expect(await backfill(['--last', 'P1D'])).toMatchObject({
      exitCode: 1,
      stderr: containing('has no output BackfillStateMachineArn'),
    });
  });
});

it('reads no stack if state machine and table are given', async () => {
  await open(succeeds);
  const environment = {
    AWS_ENDPOINT_URL: world.gateway.url,
    AWS_ENDPOINT_URL_SFN: plane.environment['AWS_ENDPOINT_URL_SFN'] ?? '',
    AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:9',
  };
  const ended = await tailscaleAudit(
    ['backfill', '--last', 'P3D', '--state-machine', MACHINE, '--table', 'tailscale-audit'],
    environment,
    { now: () => NOW },
  );
  expect(ended.exitCode).toBe(0);
});
