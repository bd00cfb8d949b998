import { stripVTControlCharacters } from 'node:util';
import { openEnvironment, record, type TestEnvironment, type TestEnvironmentOptions } from '../harness/environment';
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
const run = async (...args: string[]) => {
  const ended = await tailscaleAudit(['test-connection', ...args], plane.environment);
  return { ...ended, stdout: stripVTControlCharacters(ended.stdout) };
};

async function openDeployed(options?: TestEnvironmentOptions): Promise<TestEnvironment> {
  world = await openEnvironment(options);
  const sandbox = await world.sandbox();
  await open({
    stacks: { TailscaleAuditConnector: { FunctionName: 'poll', Connectors: 'default' } },
    functions: { poll: (event) => sandbox.invoke(event) },
  });
  return world;
}

const REPORT = {
  connector: 'default',
  ok: true,
  dialect: 'audit',
  tailnet: 'example.com',
  credential: 'api-key',
  events: 3,
  skewMs: -1_200,
};

it('prints the result of the deployed function, which changes nothing', async () => {
  const { api, item, events } = await openDeployed({ dialect: 'configuration' });
  api.add([record(), record()]);
  const ended = await run();
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(ended.stdout).toMatch(
    /^default: ok {2}tailnet example\.com, configuration dialect, api-key credential, 2 events in the last 24 h, clocks \d\.\d s apart\n$/,
  );
  expect(await item('STATE')).toBeUndefined();
  expect(events).toEqual([]);
});

it('fails with the error code and what to do', async () => {
  await openDeployed({ secret: null });
  const { exitCode, stdout, stderr } = await run();
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'the connection failed: default\n' });
  expect(stdout).toMatch(/^default: failed {2}SECRET_EMPTY .*put-secret-value/);
});

it("prints the function's answer for one connector as JSON", async () => {
  const reply = {
    ok: false,
    connectors: [
      {
        ...REPORT,
        ok: false,
        dialect: null,
        credential: null,
        skewMs: null,
        code: 'UNAUTHORIZED',
        message: 'put a new one in',
      },
    ],
    more: 1,
  };
  await open({ functions: { f: () => Promise.resolve(reply) } });
  const { exitCode, stdout } = await run('--function', 'f', '--connector', 'prod', '--json');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toEqual(reply);
  expect(plane.invocations).toEqual([{ action: 'test-connection', connector: 'prod' }]);
});

it('prints each connector, and which of them failed', async () => {
  const failed = { ...REPORT, connector: 'prod', ok: false, code: 'FORBIDDEN', message: 'make a new key\u001b[2J' };
  await open({
    functions: {
      f: () => Promise.resolve({ ok: false, connectors: [{ ...REPORT, events: 0, message: 'no events' }, failed] }),
    },
  });
  expect(await run('--function', 'f')).toEqual({
    exitCode: 1,
    stdout:
      'default: ok  tailnet example.com, audit dialect, api-key credential, 0 events in the last 24 h (first page), clocks 1.2 s apart; no events\nprod: failed  FORBIDDEN make a new key\\u001b[2J\n',
    stderr: 'the connection failed: prod\n',
  });
});

it.each<[error: string, options: ControlPlaneOptions, args: string[], line: RegExp]>([
  [
    'the answer of another function',
    { functions: { f: () => Promise.resolve({ redriven: 1 }) } },
    ['--function', 'f'],
    /^the answer of f: ok: .*\n$/,
  ],
  [
    'an older stack',
    { stacks: { old: {} } },
    ['--stack', 'old'],
    /^the stack "old" has no output FunctionName: .*--function\n$/,
  ],
])('reports %s in one line', async (_, options, args, line) => {
  await open(options);
  expect(await run(...args)).toEqual({ exitCode: 1, stdout: '', stderr: expect.stringMatching(line) as string });
});
