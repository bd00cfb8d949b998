import type { StateItem } from '../../harness/in-memory-table';
import { createPipeline, recordEvents, type InMemoryPipeline } from '../../harness/in-memory-pipeline';
import {
  killedAt,
  loseTheLease,
  PAGE_SCENARIOS,
  pipelineOfLargePages,
  type PageScenario,
} from '../../proofs/mutations/pages';
import { MINUTE } from '../../../lib/domain/time';

/** See test/mutations: the same scenes have to find known mistakes. */
it.each<PageScenario>(['killed in a page', 'known page', 'lease lost in a page'])(
  '%s: nothing is wrong in the end',
  async (scene) => {
    await expect(PAGE_SCENARIOS[scene]()).resolves.toEqual([]);
  },
);

it('repeats two units at most when the watermark is set back in the middle of a page of 4,000', async () => {
  const stage = pipelineOfLargePages();
  await expect(
    loseTheLease(stage, (to) => {
      stage.table.rewind('default', to);
    }),
  ).resolves.toEqual([]);
});

describe('a record on which runs die', () => {
  const record = (number: number) => ({
    id: `record-${number}`,
    action: 'device:update',
    created: '2026-11-22T11:59:00Z',
    target: { id: `n${number}`, type: 'device' },
  });
  const state = (stage: InMemoryPipeline): StateItem | undefined => stage.table.of('default').state;
  const kinds = ({ events }: InMemoryPipeline) =>
    events.flatMap(({ detail }) => ('kind' in detail ? [detail.kind] : []));

  /** A tick whose run dies as soon as it has noted what it works on. */
  async function dying(stage: InMemoryPipeline): Promise<void> {
    let noted = false;
    await killedAt(stage, 1, ({ name }) => {
      if (name !== 'NOTE') return noted;
      noted = true;
      return false;
    });
    stage.now += 5 * MINUTE;
  }

  function stageOf(count: number): InMemoryPipeline {
    const stage = createPipeline({ dialect: 'audit', pageSize: 1_000 });
    for (let number = 0; number < count; number += 1) stage.add(record(number), stage.now - MINUTE);
    return stage;
  }

  it('is quarantined raw by the third run, reported, and never worked on again', async () => {
    const stage = stageOf(1);
    await dying(stage);
    expect(state(stage)?.working).toMatchObject({ deaths: 0 });
    await dying(stage);
    expect(state(stage)?.working).toMatchObject({ deaths: 1 });
    await stage.tick();
    expect(recordEvents(stage)).toEqual([]);
    expect(kinds(stage)).toContain('quarantined');
    const [entry] = [...stage.table.of('default').quarantine.values()];
    expect(entry).toMatchObject({ reason: 'died-twice', position: expect.stringContaining('record 0') as string });
    expect(stage.bucket.objects.get(entry?.object.key ?? '')).toBe(JSON.stringify(record(0)));
    stage.now += 5 * MINUTE;
    stage.calls.length = 0;
    await stage.tick();
    expect(stage.calls.map(({ name }) => name)).not.toContain('NOTE');
  });

  it('is worked on alone after the first death, so that its neighbours are published', async () => {
    const stage = stageOf(30);
    await dying(stage);
    expect(state(stage)?.working?.records).toHaveLength(30);
    await stage.tick();
    expect(stage.calls.filter(({ name, about }) => name === 'NOTE' && about === '1 records, 1 deaths')).toHaveLength(
      30,
    );
    expect(recordEvents(stage)).toHaveLength(30);
    expect(stage.table.of('default').quarantine.size).toBe(0);
  });

  it('is no suspect after a run that ended', async () => {
    const stage = stageOf(1);
    await dying(stage);
    stage.bus.refuse = () => 'ThrottlingException';
    await stage.tick().catch(() => undefined);
    expect(state(stage)?.working).toBeNull();
    stage.bus.refuse = () => undefined;
    stage.now += 5 * MINUTE;
    await stage.tick();
    expect(recordEvents(stage)).toHaveLength(1);
  });
});
