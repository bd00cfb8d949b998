import { tailscaleAudit } from '../../cli/command';
import { record } from '../../harness/environment';
import { openStage, type InMemoryPipeline } from './stage';
import { HOUR, DAY } from '../../../lib/domain/time';

let stage: InMemoryPipeline;
afterEach(() => stage.close());

const backfill = (...args: readonly string[]) => tailscaleAudit(['backfill', '--json', ...args], stage.environment);
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

describe.each(['configuration', 'audit'] as const)(
  'the command, the deployed states and the deployed function, in the %s dialect',
  (dialect) => {
    it('publish a range once, slice by slice, while some requests to Tailscale fail', async () => {
      stage = await openStage({ dialect, api: { pageSize: 20 } });
      const { world } = stage;
      world.api.add(Array.from({ length: 60 }, (_, at) => record(2 * HOUR + at * HOUR)));
      let requests = 0;
      world.api.intercept(() => ((requests += 1) % 7 === 0 ? { status: 500 } : undefined));

      const ended = await backfill('--from', ago(3 * DAY), '--until', ago(HOUR), '--concurrency', '2');
      expect(ended).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining(dialect === 'audit' ? 'one slice' : 'slices') as unknown,
      });
      expect(JSON.parse(ended.stdout)).toMatchObject({ emitted: 60, duplicates: 0, done: true });
      expect(new Set(world.auditIds()).size).toBe(60);
      expect(new Set(stage.sliceInvocations.map(({ slice }) => slice)).size).toBe(dialect === 'audit' ? 1 : 3);

      const again = await backfill('--from', ago(3 * DAY + 60_000), '--until', ago(HOUR));
      expect(JSON.parse(again.stdout)).toMatchObject({ emitted: 0, duplicates: 60, done: true });
      expect(world.auditIds()).toHaveLength(60);
    });
  },
);

it('a rejected credential fails the job with what to do, and after its correction the same job continues', async () => {
  stage = await openStage({ dialect: 'configuration' });
  const { world } = stage;
  world.api.add([record(3 * DAY), record(2 * DAY)]);
  const mend = world.api.intercept(() => ({ status: 401 }));
  const range = ['--from', ago(4 * DAY), '--until', ago(HOUR), '--slice-hours', '96'];
  const failed = await backfill(...range);
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toContain('failed: BackfillFailed default: UNAUTHORIZED');
  expect(world.auditIds()).toEqual([]);

  mend();
  const ended = await backfill(...range);
  expect(JSON.parse(ended.stdout)).toMatchObject({ emitted: 2, done: true });
});

it('the function rejects an invalid range, and the command prints its message', async () => {
  stage = await openStage({ dialect: 'configuration' });
  expect(await backfill('--last', 'P200D')).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('last: is longer than the 90 days') as unknown,
  });
});
