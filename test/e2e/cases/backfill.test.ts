import type { BackfillPlan, BackfillReport } from '../../../lib/contract/backfill';
import { BACKFILL_BUNDLE, type Sandbox } from '../../harness/lambda';
import { record, type TestEnvironment } from '../../harness/environment';
import { about, createEnvironments, DAY, delivered, HOUR, MINUTE, targets } from './environments';

const environments = createEnvironments();
const DIALECTS = ['configuration', 'audit'] as const;

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const backfill = (setup: TestEnvironment) => setup.sandbox({}, { bundle: BACKFILL_BUNDLE });
const run = async (sandbox: Sandbox, asked: unknown) => (await sandbox.invoke(asked)) as BackfillReport;

/** A connector that has read its log for some days, and three events of each day. */
async function withHistory(dialect: (typeof DIALECTS)[number], days = 3) {
  const setup = await environments.open({ dialect, api: { pageSize: 20 } });
  await setup.installedAgo(days * DAY, { watermark: Date.now() - days * DAY });
  setup.api.add(
    Array.from({ length: days * 3 }, (_, index) => record(2 * HOUR + index * 8 * HOUR, about(`live-${index}`))),
  );
  const live = await setup.sandbox();
  await live.poll();
  return { setup, live };
}

/** Records that only a backfill brings. */
const before = (setup: TestEnvironment, count: number) => {
  setup.api.add(Array.from({ length: count }, (_, index) => record(5 * DAY + index * MINUTE, about(`old-${index}`))));
};

/** As if the time of the lease that a killed invocation held had passed. */
async function leasesAreOver(setup: TestEnvironment) {
  const table = environments.table(setup);
  await table.put(
    ...(await table.partition('TN#default#BF'))
      .filter((item) => 'leaseUntil' in item)
      .map((item) => ({ ...item, leaseUntil: 0 })),
  );
}

it.each(DIALECTS)(
  '[case 65] a backfill over what live polling reads, beside a live run and asked for twice at once, brings each event once (%s)',
  async (dialect) => {
    const { setup, live } = await withHistory(dialect);
    const read = targets(setup).length;
    expect(read).toBe(9);
    before(setup, 30);
    setup.api.add([record(0, about('new-1')), record(0, about('new-2'))]);
    const asked = { from: ago(10 * DAY), until: ago(-HOUR) };
    const [one, two] = [await backfill(setup), await backfill(setup)];
    const [tick, ...runs] = await Promise.all([
      live.poll(),
      ...[one, two].map((sandbox) => run(sandbox, asked).catch((error: unknown) => error)),
    ]);
    expect(tick.connectors).toMatchObject([{ emitted: 2, partial: false, busy: false }]);
    // One of them has it; the other finds it taken, or done.
    for (const answer of runs)
      expect([
        expect.objectContaining({ done: true }),
        expect.objectContaining({ errorType: 'BackfillBusy' }),
      ]).toContainEqual(answer);
    const report = await run(two, asked);
    expect(report).toMatchObject({ emitted: 30, done: true });
    await live.poll();
    expect(targets(setup)).toHaveLength(read + 30 + 2);
    expect(delivered(setup)).toEqual({ different: read + 30 + 2, copies: 1 });
  },
);

it('[case 65] a backfill writes nothing to live state', async () => {
  const { setup } = await withHistory('configuration');
  before(setup, 30);
  const table = environments.table(setup);
  const state = JSON.stringify(await table.partition('TN#default'));
  const ledger = JSON.stringify(await table.partition('TN#default#LEDGER'));
  const sandbox = await backfill(setup);
  const { slices } = (await sandbox.invoke({ action: 'plan', last: 'P10D' })) as BackfillPlan;
  for (const slice of slices) await sandbox.invoke(slice);
  expect(targets(setup)).toHaveLength(39);
  expect(JSON.stringify(await table.partition('TN#default'))).toBe(state);
  expect(JSON.stringify(await table.partition('TN#default#LEDGER'))).toBe(ledger);
});

it.each(DIALECTS)(
  '[case 66] a backfill that is killed is taken up where it stood, and repeats two units of events at most (%s)',
  async (dialect) => {
    const { setup } = await withHistory(dialect, 1);
    before(setup, 300);
    const asked = { from: ago(10 * DAY), until: ago(DAY) };
    const doomed = await backfill(setup);
    const stop = setup.gateway.events.on('tailscale-audit', null, async () => {
      if (targets(setup).length > 150) await doomed.kill();
    });
    await expect(run(doomed, asked)).rejects.toThrow('the sandbox is gone');
    stop();
    const sandbox = await backfill(setup);
    await expect(run(sandbox, asked)).rejects.toMatchObject({ errorType: 'BackfillBusy' });
    await leasesAreOver(setup);
    const report = await run(sandbox, asked);
    expect(report).toMatchObject({ fetched: expect.any(Number) as number, done: true });
    expect(report.emitted).toBeLessThanOrEqual(300);
    expect(new Set(targets(setup).filter((name) => String(name).startsWith('old-'))).size).toBe(300);
    expect(delivered(setup).copies).toBeLessThanOrEqual(2);
    expect(setup.auditIds().length - new Set(setup.auditIds()).size).toBeLessThanOrEqual(200);
  },
);

it('[case 66] a zombie of a backfill moves nothing once another invocation has its slice', async () => {
  const { setup } = await withHistory('configuration', 1);
  before(setup, 50);
  const asked = { from: ago(6 * DAY), until: ago(4.5 * DAY) };
  const zombie = await backfill(setup);
  const frozen = new Promise<void>((resolve) => {
    const stop = setup.gateway.intercept(({ operation }) => {
      if (operation !== 'PutEvents') return undefined;
      stop();
      zombie.freeze();
      resolve();
      return undefined;
    });
  });
  const late = run(zombie, asked).catch((error: unknown) => error);
  await frozen;
  await leasesAreOver(setup);
  const report = await run(await backfill(setup), asked);
  expect(report).toMatchObject({ done: true, fetched: 50 });
  zombie.thaw();
  expect(await late).toMatchObject({
    errorType: 'BackfillFailed',
    message: expect.stringMatching(/^default: LEASE_LOST /) as string,
  });
  expect(await run(await backfill(setup), asked)).toEqual(report);
  expect(delivered(setup).copies).toBeLessThanOrEqual(2);
  expect(new Set(targets(setup).filter((name) => String(name).startsWith('old-'))).size).toBe(50);
});
