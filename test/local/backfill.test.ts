import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BACKFILL_ERROR } from '../../lib/contract/backfill';
import { ENV } from '../../lib/contract/settings';
import { HOUR } from '../../lib/domain/time';
import { runBackfill } from '../../local/backfill';
import { API_KEY, openEnvironment, record } from '../harness/environment';

const ROOT = join(__dirname, '../..');

it('publishes a past range of a real tailnet on the local bus', async () => {
  const world = await openEnvironment();
  try {
    world.api.add([record(5 * HOUR), record(30 * HOUR), record(31 * HOUR)]);
    const from = new Date(Date.now() - 48 * HOUR).toISOString();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'local/start.ts', '--tailnet', '-', '--backfill', '--from', from],
      { cwd: ROOT, env: { PATH: process.env['PATH'], [ENV.apiUrl]: world.api.url, TAILSCALE_API_KEY: API_KEY } },
    );
    expect(stdout).toContain('1 of 1 slices done');
    expect(stdout).toMatch(/device:approve +│ +3 │/);
    expect(stdout).toContain('3 events published');
  } finally {
    await world.close();
  }
});

it('invokes a slice until it is done, and retries the errors of a backfill', async () => {
  const plan = { jobId: 'bf-1', connector: 'default', notes: ['cut'], slices: [{ action: 'slice', slice: 0 }] };
  const next = { action: 'slice', slice: 0, from: 'later' };
  const busy = Object.assign(new Error('busy'), { name: BACKFILL_ERROR.busy });
  const answers = [plan, busy, { next }, { next: null }, { emitted: 3 }];
  const invoked: unknown[] = [];
  const backfill = (event: object) => {
    invoked.push(event);
    const answer = answers.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const lines: string[] = [];
  expect(await runBackfill({ backfill }, { last: 'P1D' }, (line) => lines.push(line))).toEqual({ emitted: 3 });
  expect(invoked).toEqual([
    { action: 'plan', last: 'P1D', force: false, dryRun: false },
    plan.slices[0],
    plan.slices[0],
    next,
    { action: 'report', connector: 'default', jobId: 'bf-1' },
  ]);
  expect(lines.slice(1)).toEqual(['note: cut', '1 of 1 slices done']);
});
