import { join } from 'node:path';
import type { BackfillPlan, BackfillReport } from '../../../lib/contract/backfill';
import type { Sandbox } from '../../harness/lambda';
import { record, type World } from '../../harness/world';
import { about, createWorlds, DAY, delivered, HOUR, MINUTE, targets } from './worlds';

const worlds = createWorlds();
const BUNDLE = join(__dirname, '../../../dist/functions/backfill/index.js');
const DIALECTS = ['configuration', 'audit'] as const;

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const backfill = (world: World) => world.sandbox({}, { bundle: BUNDLE });
const run = async (sandbox: Sandbox, asked: unknown) => (await sandbox.invoke(asked)) as BackfillReport;

/** A connector that has read its log for some days, and three events of each day. */
async function withHistory(dialect: (typeof DIALECTS)[number], days = 3) {
  const world = await worlds.open({ dialect, api: { pageSize: 20 } });
  await world.installedAgo(days * DAY, { watermark: Date.now() - days * DAY });
  world.api.add(
    Array.from({ length: days * 3 }, (_, index) => record(2 * HOUR + index * 8 * HOUR, about(`live-${index}`))),
  );
  const live = await world.sandbox();
  await live.poll();
  return { world, live };
}

/** Records that only a backfill brings. */
const before = (world: World, count: number) => {
  world.api.add(Array.from({ length: count }, (_, index) => record(5 * DAY + index * MINUTE, about(`old-${index}`))));
};

/** As if the time of the lease that a killed invocation held had passed. */
async function leasesAreOver(world: World) {
  const table = worlds.table(world);
  await table.put(
    ...(await table.partition('TN#default#BF'))
      .filter((item) => 'leaseUntil' in item)
      .map((item) => ({ ...item, leaseUntil: 0 })),
  );
}

it.each(DIALECTS)(
  '[case 65] a backfill over what live polling reads, beside a live run and asked for twice at once, brings each event once (%s)',
  async (dialect) => {
    const { world, live } = await withHistory(dialect);
    const read = targets(world).length;
    expect(read).toBe(9);
    before(world, 30);
    world.api.add([record(0, about('new-1')), record(0, about('new-2'))]);
    const asked = { from: ago(10 * DAY), until: ago(-HOUR) };
    const [one, two] = [await backfill(world), await backfill(world)];
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
    expect(targets(world)).toHaveLength(read + 30 + 2);
    expect(delivered(world)).toEqual({ different: read + 30 + 2, copies: 1 });
  },
);

it('[case 65] a range asked for again answers what it did, and a second job over it brings nothing', async () => {
  const { world } = await withHistory('configuration');
  before(world, 30);
  const asked = { from: ago(10 * DAY), until: ago(2 * HOUR) };
  const sandbox = await backfill(world);
  const first = await run(sandbox, asked);
  const calls = world.api.requests.length;
  expect(await run(sandbox, asked)).toEqual(first);
  expect(world.api.requests).toHaveLength(calls);
  expect(await run(sandbox, { ...asked, rerun: 1 })).toMatchObject({
    emitted: 0,
    duplicates: first.emitted + first.duplicates,
    done: true,
  });
  expect(delivered(world)).toMatchObject({ copies: 1 });
});

it.each([
  ['reversed', { from: ago(DAY), until: ago(2 * DAY) }, 'backfill: until: '],
  ['in the future', { from: ago(-2 * HOUR) }, 'backfill: from: '],
  ['older than 90 days', { from: ago(92 * DAY) }, 'backfill: from: '],
])('[case 65] a range that is %s is an error that names the field, and moves nothing', async (_, asked, line) => {
  const { world } = await withHistory('configuration', 1);
  const table = worlds.table(world);
  const items = await table.items();
  await expect((await backfill(world)).invoke(asked)).rejects.toThrow(line);
  expect(await table.items()).toEqual(items);
});

it('[case 65] a backfill writes nothing to live state', async () => {
  const { world } = await withHistory('configuration');
  before(world, 30);
  const table = worlds.table(world);
  const state = JSON.stringify(await table.partition('TN#default'));
  const ledger = JSON.stringify(await table.partition('TN#default#LEDGER'));
  const sandbox = await backfill(world);
  const { slices } = (await sandbox.invoke({ action: 'plan', last: 'P10D' })) as BackfillPlan;
  for (const slice of slices) await sandbox.invoke(slice);
  expect(targets(world)).toHaveLength(39);
  expect(JSON.stringify(await table.partition('TN#default'))).toBe(state);
  expect(JSON.stringify(await table.partition('TN#default#LEDGER'))).toBe(ledger);
});

it.each(DIALECTS)(
  '[case 66] a backfill that is killed is taken up where it stood, and repeats two units of events at most (%s)',
  async (dialect) => {
    const { world } = await withHistory(dialect, 1);
    before(world, 300);
    const asked = { from: ago(10 * DAY), until: ago(DAY) };
    const doomed = await backfill(world);
    const stop = world.gateway.events.on('tailscale-audit', null, async () => {
      if (targets(world).length > 150) await doomed.kill();
    });
    await expect(run(doomed, asked)).rejects.toThrow('the sandbox is gone');
    stop();
    const sandbox = await backfill(world);
    await expect(run(sandbox, asked)).rejects.toMatchObject({ errorType: 'BackfillBusy' });
    await leasesAreOver(world);
    const report = await run(sandbox, asked);
    expect(report).toMatchObject({ fetched: expect.any(Number) as number, done: true });
    expect(report.emitted).toBeLessThanOrEqual(300);
    expect(new Set(targets(world).filter((name) => String(name).startsWith('old-'))).size).toBe(300);
    expect(delivered(world).copies).toBeLessThanOrEqual(2);
    expect(world.auditIds().length - new Set(world.auditIds()).size).toBeLessThanOrEqual(200);
  },
);

it('[case 66] a zombie of a backfill moves nothing once another invocation has its slice', async () => {
  const { world } = await withHistory('configuration', 1);
  before(world, 50);
  const asked = { from: ago(6 * DAY), until: ago(4.5 * DAY) };
  const zombie = await backfill(world);
  const frozen = new Promise<void>((resolve) => {
    const stop = world.gateway.intercept(({ operation }) => {
      if (operation !== 'PutEvents') return undefined;
      stop();
      zombie.freeze();
      resolve();
      return undefined;
    });
  });
  const late = run(zombie, asked).catch((error: unknown) => error);
  await frozen;
  await leasesAreOver(world);
  const report = await run(await backfill(world), asked);
  expect(report).toMatchObject({ done: true, fetched: 50 });
  zombie.thaw();
  expect(await late).toMatchObject({
    errorType: 'BackfillFailed',
    message: expect.stringMatching(/^default: LEASE_LOST /) as string,
  });
  expect(await run(await backfill(world), asked)).toEqual(report);
  expect(delivered(world).copies).toBeLessThanOrEqual(2);
  expect(new Set(targets(world).filter((name) => String(name).startsWith('old-'))).size).toBe(50);
});
