import { publishedPartition } from '../../../lib/dynamodb/keys';
import { record } from '../../harness/world';
import { createWorlds, delivered, health } from './worlds';

const worlds = createWorlds();

it('[case 12] still knows what it published by an item that should have expired, and gives it time again', async () => {
  const world = await worlds.open({ dialect: 'configuration' });
  const table = worlds.table(world);
  world.api.add([record(), record()]);
  await (await world.sandbox()).poll();
  const expired = (await table.partition(publishedPartition('default'))).map((item) => ({ ...item, exp: 1 }));
  expect(expired.length).toBeGreaterThan(0);
  await table.put(...expired);

  world.api.add(record());
  await (await world.sandbox()).poll();
  expect(delivered(world)).toEqual({ different: 3, copies: 1 });
  const renewed = (await table.partition(publishedPartition('default'))).map(({ exp }) => Number(exp));
  expect(Math.max(...renewed)).toBeGreaterThan(Date.now() / 1000);
});

it.each(['audit', 'configuration'] as const)(
  '[case 14] loses nothing when the table is restored from an older backup, and repeats only what came after it (%s)',
  async (dialect) => {
    const world = await worlds.open({ dialect });
    const table = worlds.table(world);
    const lambda = await world.sandbox();
    world.api.add([record(), record(), record()]);
    await lambda.poll();
    const backup = await table.items();
    world.api.add([record(), record()]);
    await lambda.poll();
    const before = world.auditIds();
    const { wm } = (await world.item('STATE')) ?? {};

    await table.restore(backup);
    world.api.add(record());
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 3, duplicates: 3 }] });
    expect(world.auditIds().slice(before.length)).toEqual(expect.arrayContaining(before.slice(3)));
    expect(delivered(world)).toEqual({ different: 6, copies: 2 });
    // An answer's Date has whole seconds: two answers within one may order either way.
    expect(Number((await world.item('STATE'))?.['wm'])).toBeGreaterThan(Number(wm) - 1_000);
    expect(health(world)).toEqual([]);
  },
);
