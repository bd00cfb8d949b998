import { record } from '../../harness/environment';
import { about, createEnvironments, delivered, targets } from './environments';
import { BACKFILL_BUNDLE } from '../../harness/lambda';

const environments = createEnvironments();

/** An environment in which events about `poison` wait in quarantine, and the bus would take them now. */
async function withQuarantine(count: number) {
  const setup = await environments.open({ dialect: 'configuration' });
  const allow = setup.gateway.events.refuseEntries(({ Detail }) =>
    Detail?.includes('poison') === true ? { code: 'MalformedDetail', message: 'x' } : undefined,
  );
  setup.api.add(Array.from({ length: count }, (_, index) => record(index, about(`poison-${index}`))));
  const lambda = await setup.sandbox();
  await lambda.poll();
  expect(setup.events).toEqual([]);
  allow();
  return { setup, lambda };
}

it('[part of case 65] a redrive concurrently with a live run and another redrive publishes each event under one id', async () => {
  const { setup, lambda } = await withQuarantine(5);
  setup.api.add([record(0, about('live-1')), record(0, about('live-2'))]);
  const [one, two] = await Promise.all([
    setup.sandbox({}, { bundle: BACKFILL_BUNDLE }),
    setup.sandbox({}, { bundle: BACKFILL_BUNDLE }),
  ]);
  await Promise.all([lambda.poll(), one.invoke({ action: 'redrive' }), two.invoke({ action: 'redrive' })]);
  await one.invoke({ action: 'redrive' });
  await lambda.poll();
  expect(new Set(targets(setup)).size).toBe(7);
  expect(delivered(setup).different).toBe(7);
  expect(delivered(setup).copies).toBeLessThanOrEqual(2);
  expect((await setup.ledger()).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'redriven'));
});

it('[part of case 66] a redrive that is killed loses nothing, and the next one brings the rest', async () => {
  const { setup, lambda } = await withQuarantine(15);
  const doomed = await setup.sandbox({}, { bundle: BACKFILL_BUNDLE });
  const stop = setup.gateway.events.on('tailscale-audit', null, async () => {
    if (setup.events.length === 11) await doomed.kill();
  });
  await expect(doomed.invoke({ action: 'redrive' })).rejects.toThrow('the sandbox is gone');
  stop();
  await (await setup.sandbox({}, { bundle: BACKFILL_BUNDLE })).invoke({ action: 'redrive' });
  await lambda.poll();
  expect(delivered(setup)).toEqual({ different: 15, copies: 2 });
  expect(new Set((await setup.ledger()).map(({ status }) => status))).toEqual(new Set(['redriven']));
});
