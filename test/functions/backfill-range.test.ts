import { join } from 'node:path';
import type { BackfillReport } from '../../lib/contract/backfill';
import { openWorld, record, type World, type WorldOptions } from '../support/world';

const BUNDLE = join(__dirname, '../../dist/functions/backfill/index.js');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: World;
afterEach(() => world.close());

/** A connector that has polled once, so that a backfill knows whose log it reads. */
async function installed(options?: WorldOptions) {
  world = await openWorld(options);
  const live = await world.sandbox();
  await live.poll();
  return live;
}

const backfill = () => world.sandbox({}, { bundle: BUNDLE });
const iso = (agoMs: number) => new Date(Date.now() - agoMs).toISOString();

it.each(['configuration', 'audit'] as const)('brings what happened before the connector was there, once, in the %s dialect', async (dialect) => {
  const live = await installed({ dialect });
  world.api.add([record(10 * DAY), record(5 * DAY), record(2 * HOUR)]);
  const sandbox = await backfill();
  const report = (await sandbox.invoke({ from: iso(20 * DAY) })) as BackfillReport;
  expect(report).toMatchObject({ emitted: 3, done: true, next: null });
  expect(world.auditIds()).toHaveLength(3);
  await live.poll();
  expect(world.auditIds()).toHaveLength(3);
});
