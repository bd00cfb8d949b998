import type { Dialect } from '../../../lib/domain/dialect';
import { createPipeline, recordEvents, PIPELINE_START } from '../../harness/in-memory-pipeline';
import { MINUTE, HOUR } from '../../../lib/domain/time';

describe.each<Dialect>(['configuration', 'audit'])('a sweep of the %s dialect', (dialect) => {
  it.each([
    [
      'without a readable time',
      { id: 'a1', eventTime: 'some time ago', eventGroupID: 'g', action: 'UPDATE', target: { id: 'n1', type: 'NODE' } },
    ],
    ['that cannot be read', { broken: true }],
    [
      'of the year 1',
      { eventTime: '0001-01-01T00:00:00Z', eventGroupID: 'g', action: 'UPDATE', target: { id: 'n1', type: 'NODE' } },
    ],
  ])('finds a late record %s [case 73]', async (_, record) => {
    const stage = createPipeline({ dialect });
    stage.add(record, PIPELINE_START + MINUTE, PIPELINE_START + 5 * HOUR);
    for (let hour = 0; hour <= 6; hour += 1) {
      stage.now = PIPELINE_START + hour * HOUR;
      await stage.tick();
    }
    expect(recordEvents(stage)).toMatchObject([{ detail: { ingest: { mode: 'sweep' } } }]);
  });

  it('leaves what is newer than the overlap to the live window', async () => {
    const stage = createPipeline({ dialect });
    await stage.tick();
    stage.now += 6 * HOUR;
    stage.add(
      {
        eventTime: new Date(stage.now - MINUTE).toISOString(),
        eventGroupID: 'g',
        action: 'UPDATE',
        target: { id: 'n1', type: 'NODE' },
      },
      stage.now - MINUTE,
    );
    await stage.tick();
    expect(recordEvents(stage)).toMatchObject([{ detail: { ingest: { mode: 'live' } } }]);
  });
});
