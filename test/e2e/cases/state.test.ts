import { publishedPartition } from '../../../lib/dynamodb/keys';
import { record } from '../../harness/environment';
import { createEnvironments, delivered, health } from './environments';

const environments = createEnvironments();

it('[case 12] still knows what it published by an item that should have expired, and gives it time again', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  const table = environments.table(setup);
  setup.api.add([record(), record()]);
  await (await setup.sandbox()).poll();
  const expired = (await table.partition(publishedPartition('default'))).map((item) => ({ ...item, exp: 1 }));
  expect(expired.length).toBeGreaterThan(0);
  await table.put(...expired);

  setup.api.add(record());
  await (await setup.sandbox()).poll();
  expect(delivered(setup)).toEqual({ different: 3, copies: 1 });
  const renewed = (await table.partition(publishedPartition('default'))).map(({ exp }) => Number(exp));
  expect(Math.max(...renewed)).toBeGreaterThan(Date.now() / 1000);
});

it.each(['audit', 'configuration'] as const)(
  '[case 14] loses nothing when the table is restored from an older backup, and repeats only what came after it (%s)',
  async (dialect) => {
    const setup = await environments.open({ dialect });
    const table = environments.table(setup);
    const lambda = await setup.sandbox();
    setup.api.add([record(), record(), record()]);
    await lambda.poll();
    const backup = await table.items();
    setup.api.add([record(), record()]);
    await lambda.poll();
    const before = setup.auditIds();
    const { wm } = (await setup.item('STATE')) ?? {};

    await table.restore(backup);
    setup.api.add(record());
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 3, duplicates: 3 }] });
    expect(setup.auditIds().slice(before.length)).toEqual(expect.arrayContaining(before.slice(3)));
    expect(delivered(setup)).toEqual({ different: 6, copies: 2 });
    // An answer's Date has whole seconds: two answers within one may order either way.
    expect(Number((await setup.item('STATE'))?.['wm'])).toBeGreaterThan(Number(wm) - 1_000);
    expect(health(setup)).toEqual([]);
  },
);
