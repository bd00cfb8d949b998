import { ConnectorError } from '../../../lib/domain/errors';
import { createPipeline, PIPELINE_START, type InMemoryPipeline } from '../../harness/in-memory-pipeline';
import { MINUTE, HOUR } from '../../../lib/domain/time';

const record = (at: number) => ({
  eventTime: new Date(at).toISOString(),
  eventGroupID: `g${at}`,
  action: 'UPDATE',
  target: { id: 'n1', type: 'NODE' },
});
const kinds = ({ events }: InMemoryPipeline) => events.flatMap(({ detail }) => ('kind' in detail ? [detail.kind] : []));

/** A tick in which the n-th request for the log fails. */
async function failing(
  stage: InMemoryPipeline,
  code: ConstructorParameters<typeof ConnectorError>[0],
  nth = 1,
  retryAfterMs?: number,
): Promise<void> {
  let asked = 0;
  const { takes } = stage;
  stage.takes = (call) => {
    if (call.service === 'upstream' && (asked += 1) === nth)
      throw new ConnectorError(code, 'as staged', retryAfterMs === undefined ? {} : { retryAfterMs });
    return 0;
  };
  await stage.tick().catch(() => undefined);
  stage.takes = takes;
  stage.now += 5 * MINUTE;
}

it('counts a run that commits and then fails as failed, and reports that it is blind', async () => {
  const stage = createPipeline();
  // Up to the tick before the first sweep.
  for (let ticks = 0; ticks < 12; ticks += 1) {
    await stage.tick();
    stage.now += 5 * MINUTE;
  }
  // The live window is read each time; the sweep behind it is not.
  for (let times = 0; times < 3; times += 1) await failing(stage, 'UPSTREAM_ERROR', 2);
  expect(stage.table.of('default').state).toMatchObject({ failStreak: 3 });
  expect(kinds(stage)).toEqual(['blind']);
  await stage.tick();
  expect(kinds(stage)).toEqual(['blind', 'recovered']);
});

it('has not recovered while Tailscale asks to wait', async () => {
  const stage = createPipeline();
  await failing(stage, 'UPSTREAM_ERROR');
  await failing(stage, 'UPSTREAM_ERROR');
  await failing(stage, 'RATE_LIMITED', 1, MINUTE);
  await failing(stage, 'UPSTREAM_ERROR');
  expect(kinds(stage)).toEqual(['blind']);
  await stage.tick();
  expect(kinds(stage)).toEqual(['blind', 'recovered']);
});

it('reports once that the credential opens another tailnet, also after other failures', async () => {
  const stage = createPipeline();
  await stage.tick();
  await failing(stage, 'UNAUTHORIZED');
  await failing(stage, 'UNAUTHORIZED');
  await failing(stage, 'TAILNET_CHANGED');
  await failing(stage, 'TAILNET_CHANGED');
  expect(kinds(stage)).toEqual(['blind', 'tailnetChanged']);
});

it('sweeps under its lease: it sends Tailscale no request after the commit that gives it back', async () => {
  const stage = createPipeline({ dialect: 'audit', pageSize: 1 });
  await stage.tick();
  for (let minute = 10; minute < 40; minute += 10)
    stage.add(record(PIPELINE_START + minute * MINUTE), PIPELINE_START + minute * MINUTE, PIPELINE_START + 3 * HOUR);
  stage.now = PIPELINE_START + 4 * HOUR;
  // Behind the live window's three pages the sweep is begun, and taken up again after more than its period.
  await failing(stage, 'RATE_LIMITED', 5, MINUTE);
  expect(stage.table.of('default').state?.checkpoint?.sweeps.hourly.inflight).toMatchObject({ page: 1 });
  stage.now += 2 * HOUR;
  stage.calls.length = 0;
  await stage.tick();
  const last = stage.calls.findIndex(({ name, about }) => name === 'COMMIT' && about?.includes('release') === true);
  expect(last).toBeGreaterThan(0);
  expect(stage.calls.slice(last + 1).filter(({ service }) => service === 'upstream')).toEqual([]);
});
