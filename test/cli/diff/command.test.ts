import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diffHere, policyFolder, type PolicyFolder } from './diff-files';

const PAIRS = join(__dirname, '../../fixtures/policies/pairs');

let folder: PolicyFolder;
beforeAll(async () => {
  folder = await policyFolder();
  await copyFile(join(__dirname, 'example.old.hujson'), join(folder.path, 'old.hujson'));
  await copyFile(join(__dirname, 'example.new.hujson'), join(folder.path, 'new.hujson'));
  await folder.put('broken.hujson', '{"acls": [');
  await folder.put('medium.hujson', (await folder.text('old.hujson')).replace('10.20.0.5/32', '10.20.0.0/16'));
});
afterAll(() => folder.remove());

const diff = (...args: string[]) => folder.diff(args);
const here = (old: string, next: string, ...options: string[]) =>
  diffHere([folder.file(old), folder.file(next), ...options]);

it('says to people what a change does, the findings first', async () => {
  const { exitCode, stdout, stderr } = await diff('old.hujson', 'new.hujson');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(
    /^widened \(allows more\): 1 rule added, 2 rules changed, .*8 findings \(4 high\)\n\nFindings\n {2}HIGH {4}/,
  );
  expect(stdout).toContain(
    'ACL-MEMBER-TO-PROD  Everyone can reach a tag that is named like production or data\n          acls[2], line 20: autogroup:member to tag:prod:443',
  );
  expect(stdout).toContain('  groups\n    ~ group:admins (line 4): +kim@example.com\n');
  expect(stdout).toContain('    - tests[0] (old line 24): src sam@example.com; deny tag:prod:22\n');
  expect(stdout).toContain('Lines (+7 -6)\n--- old\n+++ new\n@@ -1,7 +1,7 @@\n');
});

it('says that comments alone change nothing', async () => {
  const [before = '', after = ''] = ['old', 'new'].map((side) => join(PAIRS, `cosmetic.${side}.hujson`));
  const { exitCode, stdout } = await diffHere([before, after, '--fail-on', 'info', '--json']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    changeKind: 'cosmetic',
    summary: 'comments and formatting only',
    sections: [],
    findings: [],
  });
});

it('prints the whole result as JSON', async () => {
  const { exitCode, stdout } = await here('old.hujson', 'new.hujson', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    changeKind: 'widened',
    addedLines: 7,
    removedLines: 6,
    findings: expect.arrayContaining([
      expect.objectContaining({ id: 'SSH-ROOT-ACCEPT', severity: 'high', line: 23 }),
    ]) as unknown,
  });
});

it('reads either side from stdin', async () => {
  const { stdout } = await here('old.hujson', 'new.hujson', '--json');
  expect(
    JSON.parse((await folder.diff(['-', 'new.hujson', '--json'], await folder.text('old.hujson'))).stdout),
  ).toEqual(JSON.parse(stdout));
  expect(
    JSON.parse((await folder.diff(['old.hujson', '-', '--json'], await folder.text('new.hujson'))).stdout),
  ).toEqual(JSON.parse(stdout));
});

it('takes an empty file for a policy that is not there yet', async () => {
  const { exitCode, stdout } = await diffHere(['/dev/null', folder.file('new.hujson'), '--json']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    removedLines: 0,
    unified: expect.stringMatching(/^--- \/dev\/null\n/) as unknown,
  });
});

it.each([
  ['high', 'new.hujson', 3],
  ['high', 'medium.hujson', 0],
  ['medium', 'medium.hujson', 3],
  ['info', 'medium.hujson', 3],
  ['never', 'new.hujson', 0],
  ['info', 'old.hujson', 0],
])('with --fail-on %s, %s ends with %d', async (threshold, next, exitCode) => {
  const ended = await here('old.hujson', next, '--fail-on', threshold);
  expect(ended.exitCode).toBe(exitCode);
  expect(ended.stderr).toMatch(
    exitCode === 3
      ? new RegExp(`^\\d+ new findings? at or above ${threshold}: .*(GROUP-PRIV-ADD|ACL-SUBNET-WIDE)`)
      : /^$/,
  );
  expect(ended.stdout).not.toBe('');
});

it('tells a gate in its exit code, and why on stderr', async () => {
  const ended = await diff('old.hujson', 'new.hujson', '--fail-on', 'high');
  expect(ended).toMatchObject({
    exitCode: 3,
    stderr:
      '4 new findings at or above high: GROUP-PRIV-ADD, ACL-MEMBER-TO-PROD, SSH-ROOT-ACCEPT, SSH-CHECK-TO-ACCEPT\n',
  });
  expect((await diff('old.hujson')).exitCode).toBe(2);
});

it('lets no file through a gate that it cannot read as a policy', async () => {
  const shown = await here('old.hujson', 'broken.hujson');
  expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('PARSE-ERROR') as unknown });
  const gated = await here('old.hujson', 'broken.hujson', '--fail-on', 'high');
  expect(gated.exitCode).toBe(1);
  expect(gated.stderr).toMatch(/the new side does not parse \(line 1: .*\); mend that file first/);
  expect((await here('broken.hujson', 'old.hujson', '--fail-on', 'high')).exitCode).toBe(1);
  expect((await here('broken.hujson', 'broken.hujson', '--fail-on', 'high')).exitCode).toBe(0);
});

it('names the file that cannot be read, and says what to do', async () => {
  await folder.put('utf16.hujson', Buffer.from('\ufeff{}', 'utf16le'));
  const failed = async (old: string, next: string, ...options: string[]) => {
    const { exitCode, stdout, stderr } = await here(old, next, ...options);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    return stderr.trimEnd().replaceAll(folder.path, '');
  };
  expect(await failed('missing.hujson', 'new.hujson')).toBe(
    'cannot read /missing.hujson: there is no such file; for a first policy give /dev/null as OLD',
  );
  expect(await failed('old.hujson', '')).toBe('cannot read : this is a folder; give the policy file in it');
  expect(await failed('old.hujson', 'utf16.hujson')).toBe(
    'cannot read /utf16.hujson: it is not UTF-8 text; save the policy as UTF-8',
  );
  expect(await failed('old.hujson', 'new.hujson', '--html', folder.file('no/page.html'))).toMatch(
    /^cannot write \/no\/page\.html: ENOENT/,
  );
});

it.each([
  [[]],
  [['old.hujson']],
  [['-', '-']],
  [['old.hujson', 'new.hujson', '--fail-on', 'critical']],
  [['old.hujson', 'new.hujson', '--json', '--markdown']],
  [['old.hujson', 'new.hujson', '--json', '--html']],
])('is asked for wrongly with %j', async (args) => {
  const { exitCode, stdout, stderr } = await diffHere(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).not.toBe('');
});

it('writes the page to a file beside whatever it prints', async () => {
  const { stdout } = await diff('old.hujson', 'new.hujson', '--markdown', '--html', 'page.html');
  expect(stdout).toMatch(/^### Tailscale policy: widened/);
  expect(await folder.text('page.html')).toMatch(/^<!doctype html>[^]*old\.hujson → new\.hujson[^]*<\/html>\n$/);
  expect((await here('old.hujson', 'new.hujson', '--html')).stdout).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
});
