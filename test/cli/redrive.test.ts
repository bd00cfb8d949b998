import { join } from 'node:path';
import { DEFAULT_STACK_NAME, STACK_OUTPUT } from '../../lib/contract/names';
import { openEnvironment, record, type TestEnvironment } from '../harness/environment';
import { tailscaleAudit } from './command';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane';

let plane: ControlPlane;
let world: TestEnvironment | undefined;
afterEach(async () => {
  await plane.close();
  await world?.close();
  world = undefined;
});

const open = async (options: ControlPlaneOptions) => (plane = await startControlPlane(options));
const run = (...args: string[]) => tailscaleAudit(['redrive', ...args], plane.environment);

const STACK = { [STACK_OUTPUT.backfillFunction]: 'backfill', [STACK_OUTPUT.connectors]: 'default,prod' };
const report = {
  connector: 'default',
  runId: 'r',
  redriven: 1,
  refused: 0,
  skipped: 0,
  failed: 0,
  done: true,
  after: null,
  problems: [],
};
const answers =
  (...reports: object[]) =>
  () =>
    Promise.resolve({ connectors: [{ ...report, ...reports.shift() }] });

it('publishes quarantined events through the deployed function', async () => {
  const { api, gateway, events } = (world = await openEnvironment());
  const allow = gateway.events.refuseEntries(() => ({ code: 'MalformedDetail', message: 'x' }));
  api.add([record(), record()]);
  await (await world.sandbox()).poll();
  allow();
  const backfill = await world.sandbox({}, { bundle: join(__dirname, '../../dist/functions/backfill/index.js') });
  await open({
    stacks: { [DEFAULT_STACK_NAME]: STACK },
    functions: { backfill: (event) => backfill.invoke(event) },
  });

  expect(await run()).toEqual({
    exitCode: 0,
    stdout: 'default: 2 redriven, 0 rejected again, 0 failed, 0 skipped\n',
    stderr: '',
  });
  expect(events).toHaveLength(2);
  expect((await world.ledger()).map(({ status }) => status)).toEqual(['redriven', 'redriven']);
  expect(await run('--json')).toMatchObject({
    exitCode: 0,
    stdout: '{"connector":"default","redriven":0,"refused":0,"skipped":0,"failed":0,"problems":[]}\n',
  });
});

it('invokes the function until it is done, and adds up the counts', async () => {
  await open({
    stacks: { mine: STACK },
    functions: { backfill: answers({ redriven: 3, done: false, after: 'a1:x' }, { redriven: 2, skipped: 1 }) },
  });
  expect(await run('--stack', 'mine', '--connector', 'prod', '--include-unparsed', '--json')).toEqual({
    exitCode: 0,
    stdout: '{"connector":"default","redriven":5,"refused":0,"skipped":1,"failed":0,"problems":[]}\n',
    stderr: '3 redriven so far\n',
  });
  const asked = { action: 'redrive', connector: 'prod', includeUnparsed: true };
  expect(plane.invocations).toEqual([
    { ...asked, after: null },
    { ...asked, after: 'a1:x' },
  ]);
});

it('fails if an event stays quarantined, and names it', async () => {
  await open({
    functions: {
      f: answers({ refused: 1, problems: [{ id: 'a1:y', problem: 'EventBridge rejected it again: MalformedDetail' }] }),
    },
  });
  const { exitCode, stderr } = await run('--function', 'f');
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    "a1:y: EventBridge rejected it again: MalformedDetail\n1 events stay quarantined; the function's log has the reasons\n",
  );
});

it('does not repeat forever if the function makes no progress', async () => {
  await open({
    functions: { f: () => Promise.resolve({ connectors: [{ ...report, redriven: 0, done: false, after: null }] }) },
  });
  expect(await run('--function', 'f')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('ran out of time') as string,
  });
  expect(plane.invocations).toHaveLength(1);
});

describe('each error is one line that says what to do', () => {
  const failing = { functions: { f: () => Promise.reject(new Error('default: BUS_MISSING deploy the stack again')) } };
  const another = { functions: { f: () => Promise.resolve({ connectors: [{}] }) } };
  const deployed = { stacks: { [DEFAULT_STACK_NAME]: STACK, old: {} } };
  it.each<[args: string, options: ControlPlaneOptions, exitCode: number, line: RegExp]>([
    ['--function f', failing, 1, /^default: BUS_MISSING deploy the stack again$/],
    ['--function f', {}, 1, /^the function "f" does not exist in eu-central-1/],
    ['--function f', another, 1, /^the answer of f: connectors\[0\]\.connector: /],
    ['--json', {}, 1, /^the stack "TailscaleAuditConnector" does not exist in eu-central-1/],
    ['--stack old', deployed, 1, /^the stack "old" has no output BackfillFunctionName: .*--function$/],
    ['--connector other', deployed, 2, /^there is no connector "other" in the stack .*; it has default, prod$/],
    [
      '--stack s --function f',
      {},
      2,
      /^error: option '--function <name>' cannot be used with option '--stack <name>'$/m,
    ],
    ['--all', {}, 2, /^error: unknown option '--all'$/m],
  ])('%s', async (args, options, exitCode, line) => {
    await open(options);
    const ended = await run(...args.split(' '));
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended).toMatchObject({ exitCode, stdout: '' });
  });

  it('no region', async () => {
    await open({});
    const ended = await tailscaleAudit(['redrive', '--function', 'f'], {
      ...plane.environment,
      AWS_REGION: '',
      AWS_CONFIG_FILE: '/dev/null',
    });
    expect(ended).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile with a region\n',
    });
  });
});
