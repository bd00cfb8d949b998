import { ConnectorError } from '../../../lib/domain/errors';
import { createPipeline, type InMemoryPipeline } from '../../harness/in-memory-pipeline';
import { killedAt } from '../../proofs/mutations/pages';
import { MINUTE } from '../../../lib/domain/time';

const kinds = ({ events }: InMemoryPipeline) =>
  events.flatMap(({ detail }) => ('kind' in detail ? [String(detail.kind)] : []));
const owed = ({ table }: InMemoryPipeline) => table.of('default').state?.health.owed.map(({ kind }) => kind);

async function ticks(stage: InMemoryPipeline, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await stage.tick().catch(() => undefined);
    stage.now += 5 * MINUTE;
  }
}

/** From now on Tailscale answers every request so. */
function answer(
  stage: InMemoryPipeline,
  code: ConstructorParameters<typeof ConnectorError>[0],
  retryAfterMs?: number,
): void {
  stage.meanwhile = ({ service }) =>
    service === 'upstream'
      ? Promise.reject(new ConnectorError(code, 'as staged', retryAfterMs === undefined ? {} : { retryAfterMs }))
      : Promise.resolve();
}

const well = () => Promise.resolve();

it.each([
  [
    'a permanent 403',
    (stage: InMemoryPipeline) => {
      answer(stage, 'FORBIDDEN');
    },
  ],
  [
    'a permanent 429',
    (stage: InMemoryPipeline) => {
      answer(stage, 'RATE_LIMITED', 15 * MINUTE);
    },
  ],
])('%s is blind within 20 minutes, again every hour, and recovered at its end', async (_, begin) => {
  const stage = createPipeline();
  await ticks(stage, 1);
  begin(stage);
  await ticks(stage, 5);
  expect(kinds(stage)).toEqual(['blind']);
  await ticks(stage, 24);
  expect(kinds(stage)).toEqual(['blind', 'blind', 'blind']);
  stage.meanwhile = well;
  stage.now += 15 * MINUTE;
  await ticks(stage, 2);
  expect(kinds(stage)).toEqual(['blind', 'blind', 'blind', 'recovered']);
});

it('owes what the bus did not accept, and emits it in order', async () => {
  const stage = createPipeline();
  await ticks(stage, 1);
  stage.bus.refuse = () => 'ThrottlingException';
  answer(stage, 'FORBIDDEN');
  await ticks(stage, 3);
  expect(owed(stage)).toEqual(['blind']);
  stage.meanwhile = well;
  // At its end the bus takes everything again: the recovery must not overtake the silence.
  const commits = stage.calls.filter(({ name }) => name === 'COMMIT').length;
  stage.meanwhile = () => {
    if (stage.calls.filter(({ name }) => name === 'COMMIT').length > commits) stage.bus.refuse = () => undefined;
    return Promise.resolve();
  };
  await ticks(stage, 1);
  expect(kinds(stage)).toEqual(['blind', 'recovered']);
  expect(owed(stage)).toEqual([]);
});

it('emits again, under the same id, what a killed run may not have emitted', async () => {
  const stage = createPipeline();
  await ticks(stage, 1);
  stage.now += 60 * MINUTE;
  await killedAt(stage, 1, ({ name }) => name === 'publish');
  expect(owed(stage)).toEqual(['blind']);
  stage.now += 5 * MINUTE;
  await ticks(stage, 1);
  expect(kinds(stage)).toEqual(['blind', 'recovered']);
});

it('stores with its commit what it could not store before', async () => {
  const stage = createPipeline();
  await ticks(stage, 1);
  stage.now += 60 * MINUTE;
  stage.bus.refuse = () => 'ThrottlingException';
  stage.meanwhile = ({ name }) =>
    name === 'ALERTS' ? Promise.reject(new ConnectorError('STATE_UNAVAILABLE', 'as staged')) : Promise.resolve();
  // The commit that ends the run brings it into the checkpoint, and what comes after that is lost.
  await ticks(stage, 1);
  expect(owed(stage)).toEqual(['blind']);
  stage.bus.refuse = () => undefined;
  stage.meanwhile = well;
  await ticks(stage, 1);
  expect(kinds(stage)).toEqual(['blind', 'recovered']);
});

it('emits nothing when another run owns the connector', async () => {
  const stage = createPipeline();
  await ticks(stage, 1);
  stage.now += 60 * MINUTE;
  stage.meanwhile = ({ name }) => {
    if (name === 'ALERTS') stage.table.rewind('default', stage.now - 120 * MINUTE);
    return Promise.resolve();
  };
  await stage.tick().catch(() => undefined);
  expect(kinds(stage)).toEqual([]);
});

it('does not let a recovery from before an outage of the table hide that outage', async () => {
  const stage = createPipeline();
  await ticks(stage, 1);
  answer(stage, 'FORBIDDEN');
  await ticks(stage, 3);
  stage.meanwhile = well;
  stage.bus.refuse = ({ detail }) =>
    'kind' in detail && detail.kind === 'recovered' ? 'ThrottlingException' : undefined;
  await ticks(stage, 1);
  expect([kinds(stage), owed(stage)]).toEqual([['blind'], ['recovered']]);
  stage.bus.refuse = () => undefined;
  stage.meanwhile = ({ service }) =>
    service === 'state' ? Promise.reject(new ConnectorError('STATE_UNAVAILABLE', 'as staged')) : Promise.resolve();
  await ticks(stage, 4);
  answer(stage, 'FORBIDDEN');
  await ticks(stage, 1);
  expect(kinds(stage)).toEqual(['blind', 'blind']);
  stage.meanwhile = well;
  await ticks(stage, 1);
  expect(kinds(stage)).toEqual(['blind', 'blind', 'recovered']);
});
