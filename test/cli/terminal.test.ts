import { PassThrough } from 'node:stream';
import { createTerminal } from '../../cli/terminal';

/** Streams at which a person sits, or nobody. */
function streams(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  return { stdin, stdout: new PassThrough(), stderr };
}

it.each([
  ['y\n', true],
  ['YES\n', true],
  [' y \n', true],
  ['\n', false],
  ['n\n', false],
  ['yesterday\n', false],
])('takes %j for %s', async (typed, answer) => {
  const terminal = streams(true);
  terminal.stdin.write(typed);
  await expect(createTerminal(terminal).confirm?.('Sure?')).resolves.toBe(answer);
  expect(String(terminal.stderr.read())).toContain('Sure? [y/N] ');
  expect(terminal.stdout.read()).toBeNull();
});

it('takes the end of the input for a no', async () => {
  const terminal = streams(true);
  terminal.stdin.end();
  await expect(createTerminal(terminal).confirm?.('Sure?')).resolves.toBe(false);
});

it('asks nobody where nobody is', () => {
  expect(createTerminal(streams(false)).confirm).toBeNull();
});
