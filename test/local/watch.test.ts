import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** Starts the demo, presses Ctrl-C when `enough` of stdout was read, and waits for its end. */
async function demo(
  args: readonly string[],
  enough: (stdout: string) => boolean,
): Promise<{ exitCode: number | null; stdout: string }> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', ...args], {
    cwd: ROOT,
    env: { PATH },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  let pressed = false;
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    // The second one would end the process at once.
    if (!pressed && enough(stdout)) pressed = child.kill('SIGINT');
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout };
}

it('keeps the demo ticking with new records until Ctrl-C, and then still proves that each arrived once', async () => {
  const { exitCode, stdout } = await demo(['--watch', '1'], (text) => text.includes('\ntick 6\n'));
  expect(exitCode).toBe(0);
  const after = stdout.slice(stdout.indexOf('with nothing new'));
  const emittedIn = [...after.matchAll(/emitted (\d+) events/g)].map(([, count]) => Number(count));
  expect(emittedIn.length).toBeGreaterThanOrEqual(3);
  expect(emittedIn.slice(1)).not.toContain(0);
  const [, simulated, emitted, distinct] =
    /records simulated (\d+) +audit events emitted (\d+) +distinct ids (\d+) +duplicates 0 /.exec(stdout) ?? [];
  expect({ emitted, distinct }).toEqual({ emitted: simulated, distinct: simulated });
  expect(stdout).toMatch(/Every record is on the bus exactly once\.\n$/);
});

it('ends after the demo when Ctrl-C comes before its end', async () => {
  const { exitCode, stdout } = await demo(['--watch', '--json'], (text) => text.includes('\n'));
  expect(exitCode).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { summary?: { ok: boolean } });
  expect(lines.at(-1)?.summary).toMatchObject({ ok: true, duplicates: 0 });
});
