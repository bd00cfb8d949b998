import { join } from 'node:path';
import { openWorld, record, type World } from '../harness/world';
import { installedCommand, tailscaleAudit } from './command';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane';

let plane: ControlPlane;
let world: World | undefined;
afterEach(async () => {
  await plane.close();
  await world?.close();
  world = undefined;
});

const open = async (options: ControlPlaneOptions) => (plane = await startControlPlane(options));
const run = (...args: string[]) => tailscaleAudit(['redrive', ...args], plane.environment);

const STACK = { BackfillFunctionName: 'backfill', Connectors: 'default,prod' };
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

it('has the deployed function publish what was put aside', async () => {
  const { api, gateway, events } = (world = await openWorld());
  const allow = gateway.events.refuseEntries(() => ({ code: 'MalformedDetail', message: 'x' }));
  api.add([record(), record()]);
  await (await world.sandbox()).poll();
  allow();
  const backfill = await world.sandbox({}, { bundle: join(__dirname, '../../dist/functions/backfill/index.js') });
  await open({
    stacks: { TailscaleAuditConnector: STACK },
    functions: { backfill: (event) => backfill.invoke(event) },
  });

  expect(await installedCommand(['redrive'], plane.environment)).toEqual({
    exitCode: 0,
    stdout: 'default: 2 redriven, 0 refused again, 0 failed, 0 skipped\n',
    stderr: '',
  });
  expect(events).toHaveLength(2);
  expect((await world.ledger()).map(({ status }) => status)).toEqual(['redriven', 'redriven']);
  expect(await run('--json')).toMatchObject({
    exitCode: 0,
    stdout: '{"connector":"default","redriven":0,"refused":0,"skipped":0,"failed":0,"problems":[]}\n',
  });
});

it('invokes the function again until all was tried, and adds up', async () => {
  await open({
    stacks: { mine: STACK },
    functions: { backfill: answers({ redriven: 3, done: false, after: 'a1:x' }, { redriven: 2, skipped: 1 }) },
  });
  expect(await run('--stack', 'mine', '--connector', 'prod', '--include-unparsed', '--json')).toEqual({
    exitCode: 0,
    stdout: '{"connector":"default","redriven":5,"refused":0,"skipped":1,"failed":0,"problems":[]}\n',
    stderr: '3 so far\n',
  });
  const asked = { action: 'redrive', connector: 'prod', includeUnparsed: true };
  expect(plane.invocations).toEqual([
    { ...asked, after: null },
    { ...asked, after: 'a1:x' },
  ]);
});

it('fails when something stays in quarantine, and says what', async () => {
  await open({
    functions: {
      f: answers({ refused: 1, problems: [{ id: 'a1:y', problem: 'EventBridge rejected it again: MalformedDetail' }] }),
    },
  });
  const { exitCode, stderr } = await run('--function', 'f');
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    "a1:y: EventBridge rejected it again: MalformedDetail\n1 stay in quarantine; the function's log says why for each\n",
  );
});

it('does not go round for ever when the function gets nothing done', async () => {
  await open({
    functions: { f: () => Promise.resolve({ connectors: [{ ...report, redriven: 0, done: false, after: null }] }) },
  });
  expect(await run('--function', 'f')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('ran out of time') as string,
  });
  expect(plane.invocations).toHaveLength(1);
});

describe('each trouble is one line that says what to do', () => {
  it.each<[trouble: string, options: ControlPlaneOptions, args: string[], exitCode: number, line: RegExp]>([
    [
      'the function failed',
      { functions: { f: () => Promise.reject(new Error('default: BUS_MISSING deploy the stack again')) } },
      ['--function', 'f'],
      1,
      /^default: BUS_MISSING deploy the stack again$/,
    ],
    ['the function is not there', {}, ['--function', 'f'], 1, /^the function "f" does not exist in eu-central-1/],
    [
      'the function is another one',
      { functions: { f: () => Promise.resolve({ connectors: [{}] }) } },
      ['--function', 'f'],
      1,
      /^the answer of f: connectors\[0\]\.connector: /,
    ],
    ['the stack is not there', {}, [], 1, /^the stack "TailscaleAuditConnector" does not exist in eu-central-1/],
    [
      'the stack is an older one',
      { stacks: { old: {} } },
      ['--stack', 'old'],
      1,
      /^the stack "old" has no output BackfillFunctionName: .*--function$/,
    ],
    [
      'the stack follows no such connector',
      { stacks: { TailscaleAuditConnector: STACK } },
      ['--connector', 'other'],
      2,
      /^there is no connector "other" in the stack .*; it has default, prod$/,
    ],
    [
      'both a stack and a function',
      {},
      ['--stack', 's', '--function', 'f'],
      2,
      /^error: option '--function <name>' cannot be used with option '--stack <name>'$/m,
    ],
    ['an option that nobody knows', {}, ['--all'], 2, /^error: unknown option '--all'$/m],
  ])('%s', async (_, options, args, exitCode, line) => {
    await open(options);
    const ended = await run(...args);
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
      stderr: 'no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one\n',
    });
  });
});
