import type { Call } from '../../harness/in-memory-io';
import { createPipeline, type InMemoryPipeline } from '../../harness/in-memory-pipeline';

/** Milliseconds at the end of a run in which no new work starts; in the last of them not even what is ready is delivered. */
const RESERVE_MS = 10_000;
const COMMIT_MS = 4_000;

const record = {
  eventTime: '2026-11-22T11:59:00Z',
  eventGroupID: 'g',
  action: 'UPDATE',
  target: { id: 'n1', type: 'NODE' },
};

/** The requests that a run begins too late, when one request takes `slowMs`. */
async function begunTooLate(
  stage: InMemoryPipeline,
  isSlow: (call: Call) => boolean,
  slowMs = 235_000,
): Promise<string[]> {
  const begun: string[] = [];
  stage.takes = (call) => {
    const isDelivery = call.service === 'bus' || call.service === 'archive';
    if (call.deadline.remaining() <= (isDelivery ? COMMIT_MS : RESERVE_MS) && call.closing !== true)
      begun.push(`${call.service} ${call.name}`);
    return isSlow(call) ? slowMs : 0;
  };
  await stage.tick().catch(() => undefined);
  return begun;
}

describe('a run begins nothing when only the time for its last writes is left', () => {
  it.each(
    [
      ['the page came late', 'GET', record],
      ['the published ids came late', 'query SEEN', { broken: true }],
      ['the published ids of many came late', 'query SEEN', record],
      ['the tailnet was slow to be fixed', 'fix TAILNET', record],
      ['an event is to be claimed', 'query SEEN', { ...record, new: 'x'.repeat(300_000) }],
      ['DescribeEventBus was slow', 'describe', record],
    ].flatMap(([why, slow, one]) => [235_000, 237_000].map((slowMs) => ({ why, slow, one, slowMs }))),
  )('and $why ($slowMs ms) [case 3]', async ({ slow, one, slowMs }) => {
    const stage = createPipeline();
    stage.add(one, stage.now - 60_000);
    await expect(begunTooLate(stage, ({ name }) => name === slow, slowMs)).resolves.toEqual([]);
    expect(stage.table.of('default').state).toMatchObject({ leaseUntil: 0 });
    stage.takes = () => 0;
    stage.now += 300_000;
    await stage.tick();
    expect(stage.events).toHaveLength(1);
  });

  it('and a failure is to be reported', async () => {
    const stage = createPipeline();
    stage.bus.refuse = () => 'ThrottlingException';
    stage.add(record, stage.now - 60_000);
    for (let failures = 0; failures < 2; failures += 1) {
      await stage.tick().catch(() => undefined);
      stage.now += 300_000;
    }
    stage.bus.refuse = () => undefined;
    expect(stage.table.of('default').state).toMatchObject({ failStreak: 2 });
    await expect(begunTooLate(stage, ({ name }) => name === 'query SEEN')).resolves.toEqual([]);
  });
});
