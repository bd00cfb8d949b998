import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { DETAIL_TYPE } from '../../lib/contract/names';
import { showEvent } from '../../local/show';
import { HOSTILE, HOSTILE_MB, longestLine, steering } from '../harness/hostile-text';

const ROOT = join(__dirname, '../..');

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'hostile-'))));
afterAll(() => rm(folder, { recursive: true }));

/** `npm start -- --events` over these lines, in colour or not. */
async function start(
  lines: readonly string[],
  { args = [], colour = false }: { args?: readonly string[]; colour?: boolean } = {},
) {
  const file = join(folder, 'events.ndjson');
  await writeFile(file, lines.join('\n'));
  const { PATH = '' } = process.env;
  return new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
    const environment = { PATH, ...(colour ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
    execFile(
      process.execPath,
      ['--import', 'tsx', 'local/start.ts', '--events', file, ...args],
      { cwd: ROOT, env: environment, maxBuffer: 2 ** 28 },
      (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

let made = 0;
const native = (fields: object) =>
  JSON.stringify({
    eventTime: `2026-11-22T10:00:0${(made += 1) % 10}Z`,
    type: 'CONFIG',
    eventGroupID: `g${made}`,
    origin: 'ADMIN_CONSOLE',
    actor: { id: 'u1', type: 'USER', loginName: 'a@example.com' },
    target: { id: 'n1', type: 'NODE', name: 'n' },
    action: 'APPROVE',
    ...fields,
  });
const nasty = (text: string) => [
  native({
    actor: { id: text, type: text, loginName: text, displayName: text, tags: [text] },
    target: { id: text, type: text, name: text, property: text },
    origin: text,
    error: text,
    actionDetails: text,
  }),
  native({ action: text, old: text, new: { [text]: text }, [text]: text }),
  native({ actor: { id: text }, target: { id: text } }),
  JSON.stringify({
    id: `e${text}${(made += 1)}`,
    action: text,
    created: '2026-11-22T10:00:00Z',
    actor: text,
    target: text,
  }),
];
/** 1 MB a record, in each field that is shown. */
const huge = [
  { actor: { id: 'u1', type: 'USER', loginName: HOSTILE_MB } },
  { target: { id: 'n1', type: 'NODE', name: HOSTILE_MB } },
  { target: { id: 'n1', type: HOSTILE_MB } },
  { action: HOSTILE_MB },
].map(native);
const policy = native({
  target: { id: 'T1', type: 'TAILNET', name: HOSTILE, property: 'ACL' },
  action: 'UPDATE',
  old: '{\n\t"acls": []\n}\n',
  new: `{\n\t// ${HOSTILE.replaceAll(/[\r\n]/g, '')}\n\t"groups": {${JSON.stringify(HOSTILE)}: ["*"]},\n\t"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]\n}\n`,
});

const AN_EVENT = /^\d\d:\d\d:\d\d {2}/;

it.each([false, true])('shows each record on one line that steers nothing (in colour: %s)', async (colour) => {
  const { exitCode, stdout, stderr } = await start([...nasty(HOSTILE), ...huge], { colour });
  expect(exitCode).toBe(0);
  expect(steering(stdout + stderr)).toEqual([]);
  expect(stdout.split('\n').filter((line) => AN_EVENT.test(line))).toHaveLength(8);
  // Around them: two titles, two ticks and an empty line before each, what each read, and a summary of three lines.
  expect(stdout.trimEnd().split('\n')).toHaveLength(8 + 2 + 6 + 3);
  expect(longestLine(stdout)).toBeLessThan(600);
});

it('shows a policy line by line', async () => {
  const { stdout } = await start([policy]);
  expect(steering(stdout)).toEqual([]);
  expect(stdout).toContain('\\u202e');
  expect(stdout).toMatch(/\n {10}\+ {4}"acls": /);
});

it('writes JSON that steers nothing and says the same', async () => {
  const { stdout } = await start([...nasty(HOSTILE), policy], { args: ['--json'] });
  expect(steering(stdout)).toEqual([]);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { detail?: { target: { name: string } }; summary?: object });
  expect(lines).toHaveLength(7);
  expect(lines.filter(({ detail }) => detail?.target.name === HOSTILE).length).toBeGreaterThanOrEqual(2);
});

it('says on one line what is wrong with a file', async () => {
  const { exitCode, stdout, stderr } = await start([HOSTILE, `{"${HOSTILE}": ${HOSTILE_MB}`]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(steering(stderr)).toEqual([]);
  expect(stderr).toMatch(/^[^\n]*line 1: not JSON[^\n]*\n$/);
  expect(longestLine(stderr)).toBeLessThan(2_100);
});

it("shows an event of the connector's own health on one line", () => {
  const event = {
    version: '0' as const,
    id: 'i',
    'detail-type': DETAIL_TYPE.health,
    source: 'tailscale',
    account: 'a',
    time: '2026-11-22T10:00:00Z',
    region: 'r',
    resources: [],
    detail: { severity: 'high', connector: 'default', title: 'The connector is blind', description: HOSTILE_MB },
  };
  const printed = showEvent(event);
  expect(stripVTControlCharacters(printed)).toMatch(/^10:00:00 {2}HIGH {4}The connector is blind {2}default: a\\u001b/);
  expect(steering(printed)).toEqual([]);
  expect(printed).not.toContain('\n');
});
