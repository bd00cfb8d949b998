import { join } from 'node:path';
import { record } from '../../harness/world';
import { about, createWorlds, delivered, targets } from './worlds';

const worlds = createWorlds();
const BUNDLE = join(__dirname, '../../../dist/functions/backfill/index.js');

/** A world in which events about `poison` wait in quarantine, and the bus would take them now. */
async function withQuarantine(count: number) {
  const world = await worlds.open({ dialect: 'configuration' });
  const allow = world.gateway.events.refuseEntries(({ Detail }) =>
    Detail?.includes('poison') === true ? { code: 'MalformedDetail', message: 'x' } : undefined,
  );
  world.api.add(Array.from({ length: count }, (_, index) => record(index, about(`poison-${index}`))));
  const lambda = await world.sandbox();
  await lambda.poll();
  expect(world.events).toEqual([]);
  allow();
  return { world, lambda };
}

it('[part of case 65] a redrive beside a live run, and a second one beside it, bring each event under one id', async () => {
  const { world, lambda } = await withQuarantine(5);
  world.api.add([record(0, about('live-1')), record(0, about('live-2'))]);
  const [one, two] = await Promise.all([world.sandbox({}, { bundle: BUNDLE }), world.sandbox({}, { bundle: BUNDLE })]);
  await Promise.all([lambda.poll(), one.invoke({ action: 'redrive' }), two.invoke({ action: 'redrive' })]);
  await one.invoke({ action: 'redrive' });
  await lambda.poll();
  expect(new Set(targets(world)).size).toBe(7);
  expect(delivered(world).different).toBe(7);
  expect(delivered(world).copies).toBeLessThanOrEqual(2);
  expect((await world.ledger()).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'redriven'));
});

it('[part of case 66] a redrive that is killed loses nothing, and the next one brings the rest', async () => {
  const { world, lambda } = await withQuarantine(15);
  const doomed = await world.sandbox({}, { bundle: BUNDLE });
  const stop = world.gateway.events.on('tailscale-audit', null, async () => {
    if (world.events.length === 11) await doomed.kill();
  });
  await expect(doomed.invoke({ action: 'redrive' })).rejects.toThrow('the sandbox is gone');
  stop();
  await (await world.sandbox({}, { bundle: BUNDLE })).invoke({ action: 'redrive' });
  await lambda.poll();
  expect(delivered(world)).toEqual({ different: 15, copies: 2 });
  expect(new Set((await world.ledger()).map(({ status }) => status))).toEqual(new Set(['redriven']));
});
