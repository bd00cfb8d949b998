import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { createTerminal, interruption } from '../../cli/terminal';

/** Streams of a terminal, or of none. */
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
])('reads %j as %s', async (typed, answer) => {
  const terminal = streams(true);
  terminal.stdin.write(typed);
  await expect(createTerminal(terminal).confirm?.('Sure?')).resolves.toBe(answer);
  expect(String(terminal.stderr.read())).toContain('Sure? [y/N] ');
  expect(terminal.stdout.read()).toBeNull();
});

it('reads the end of the input as no', async () => {
  const terminal = streams(true);
  terminal.stdin.end();
  await expect(createTerminal(terminal).confirm?.('Sure?')).resolves.toBe(false);
});

it('does not ask without a terminal', () => {
  expect(createTerminal(streams(false)).confirm).toBeNull();
});

it('clears the screen before each redraw, if there is a screen', () => {
  const screen = Object.assign(new PassThrough(), { isTTY: true });
  createTerminal({ ...streams(true), stdout: screen }).redraw?.('all is well');
  expect(String(screen.read())).toBe('\u001b[1;1H\u001b[0Jall is well\n');
  expect(createTerminal(streams(true)).redraw).toBeNull();
});

it('handles only the first Ctrl-C', () => {
  const signals = new EventEmitter();
  const interrupted = interruption(signals);
  expect({ aborted: interrupted.aborted, listeners: signals.listenerCount('SIGINT') }).toEqual({
    aborted: false,
    listeners: 1,
  });
  signals.emit('SIGINT');
  expect({ aborted: interrupted.aborted, listeners: signals.listenerCount('SIGINT') }).toEqual({
    aborted: true,
    listeners: 0,
  });
});
