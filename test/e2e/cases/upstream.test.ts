import { readWindow } from '../../../lib/pipeline/read-window';
import type { Checkpoint } from '../../../lib/domain/checkpoint';
import type { AuditLog } from '../../../lib/ports/audit-log';
import type { LiveLease } from '../../../lib/ports/checkpoints';
import { createPagePublisher } from '../../../lib/pipeline/publish-page';
import { liveReader } from '../../../lib/poll/readers';
import type { Sandbox } from '../../harness/lambda';
import { record, type TestEnvironment } from '../../harness/environment';
import { about, createEnvironments, DAY, delivered, HOUR, MINUTE, targets } from './environments';

const environments = createEnvironments();

/** An answer of the configuration dialect in place of the API's. */
const logs = (records: readonly unknown[]) => ({
  body: JSON.stringify({ version: '1.1', tailnetId: 'example.com', logs: records }),
});
const auditLogs = (records: readonly unknown[]) => ({ body: JSON.stringify({ auditLogs: records }) });

/** The same value with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}

/** A run that is killed once it has committed the first page: the second is being published when it asks for the third. */
async function dieBehindFirstPage(setup: TestEnvironment, doomed: Sandbox): Promise<void> {
  let cursors = 0;
  const stop = setup.api.intercept(async ({ query }) => {
    if (query.has('cursor') && (cursors += 1) === 2) await doomed.kill();
    return undefined;
  });
  await expect(doomed.poll()).rejects.toThrow('the sandbox is gone');
  stop();
}

it.each(['audit', 'configuration'] as const)(
  '[case 19] brings what happened on the very edge of two windows once, and at once (%s)',
  async (dialect) => {
    const setup = await environments.open({ dialect });
    const watermark = Date.now() - 50 * HOUR;
    await setup.installedAgo(10 * DAY, { watermark });
    const from = watermark - HOUR;
    const edges = [from, from + DAY, from + DAY - MINUTE, from + DAY - MINUTE - HOUR, from + 2 * DAY - MINUTE - HOUR];
    const times = edges
      .flatMap((edge) => [-1, 0, 1].map((offset) => new Date(edge + offset).toISOString()))
      .flatMap((time) => [time, time.replace('Z', '999999Z')]);
    setup.api.add(times.map((eventTime) => record(0, { eventTime })));
    const lambda = await setup.sandbox();
    await lambda.poll();
    // One lies a millisecond before everything that was asked for, with its two spellings.
    expect(delivered(setup)).toEqual({ different: times.length - 2, copies: 1 });
    await lambda.poll();
    expect(delivered(setup)).toEqual({ different: times.length - 2, copies: 1 });
  },
);

it('[case 20] [case 21] [case 22] [case 23] tells records apart by what they say, not by how it is written', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  const one = record(MINUTE, {
    action: 'UPDATE',
    target: { id: 'n1', name: 'one', type: 'NODE', property: 'ACL_TAGS' },
    old: ['tag:a'],
    new: ['tag:b'],
  });
  const otherProperty = { ...one, target: { id: 'n1', name: 'one', type: 'NODE', property: 'KEY_EXPIRY_TIME' } };
  const otherNew = { ...one, new: ['tag:c'] };
  let answer = [one, reversed(one), otherProperty, { ...one }, otherNew, reversed(otherNew)];
  setup.api.intercept(() => logs(answer));
  const lambda = await setup.sandbox();
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ fetched: 6, emitted: 3, duplicates: 3 }] });
  answer = answer.toReversed().map(reversed);
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 6 }] });
});

it('[case 25] emits an edited record again under its id, and nothing when Tailscale adds a field to all', async () => {
  const setup = await environments.open({ dialect: 'audit' });
  const records = [1, 2, 3].map((id) => ({
    id: `evt-${id}`,
    action: 'device:approve',
    created: new Date(Date.now() - 1_000 * id).toISOString(),
    actor: { id: 'u1', loginName: 'alice@example.com' },
    target: { id: `n${id}`, name: `node-${id}` },
  }));
  let answer: readonly object[] = records;
  setup.api.intercept(() => auditLogs(answer));
  const lambda = await setup.sandbox();
  await lambda.poll();
  answer = records.map((one) => ({ ...one, brandNew: { since: 'today' }, actor: { ...one.actor, mfa: true } }));
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 3 }] });
  answer = records.map((one) => (one.id === 'evt-2' ? { ...one, target: { id: 'n2', name: 'renamed' } } : one));
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 1, duplicates: 2 }] });
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0 }] });
  const first = setup.events.find(({ detail }) => JSON.stringify(detail).includes('node-2'));
  expect(setup.events.at(-1)?.detail).toMatchObject({
    id: first?.detail['id'],
    revision: true,
    target: { name: 'renamed' },
  });
  expect(setup.events.filter(({ detail }) => detail['revision'] === true)).toHaveLength(1);
});

it('[case 26] does not close the window at the newest record of a page', async () => {
  const setup = await environments.open({ dialect: 'audit', api: { pageSize: 2 } });
  const ages = [10, 20, 30, 200, 210, 220].map((seconds) => seconds * 1_000);
  setup.api.add(ages.map((age) => record(age)));
  await dieBehindFirstPage(setup, await setup.sandbox());
  const { startFrom } = (await setup.item('GENESIS')) ?? {};
  expect(await setup.item('STATE')).toMatchObject({ wm: startFrom, inflight: { page: 1 } });
  await setup.leaseIsOver();
  await (await setup.sandbox()).poll();
  expect(delivered(setup).different).toBe(6);
});

it('[case 27] brings a record that lies outside of what was asked for, once', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  await setup.installedAgo(2 * HOUR);
  const strays = [3 * HOUR, 40 * DAY, 400 * DAY, -10 * MINUTE, -3 * DAY].map((age) => record(age));
  setup.api.intercept(() => logs([record(MINUTE), ...strays]));
  const lambda = await setup.sandbox();
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 6 }] });
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 1, duplicates: 5 }] });
  expect(Number((await setup.item('STATE'))?.['wm'])).toBeLessThan(Date.now() - MINUTE + 1);
});

// An answer that silently leaves records out looks like a whole one. The promise: what a later
// answer shows, within the overlap or a sweep's horizon, is then brought, once.
describe('[case 33] an answer that silently leaves records out', () => {
  const capped = (setup: TestEnvironment, most: number, until: () => boolean) =>
    setup.api.intercept(({ endpoint }, proceed) => {
      if (until()) return undefined;
      const { logs: all, ...rest } = JSON.parse(proceed().body) as { logs: unknown[] | null };
      const list = (all ?? []).slice(0, most);
      return { body: JSON.stringify(endpoint === 'audit' ? { auditLogs: list } : { ...rest, logs: list }) };
    });

  it('is made up for by the overlap of the next tick', async () => {
    const setup = await environments.open({ dialect: 'configuration' });
    setup.api.add(Array.from({ length: 30 }, (_, index) => record(5_000 * index)));
    let whole = false;
    capped(setup, 10, () => whole);
    const lambda = await setup.sandbox();
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 10 }] });
    whole = true;
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 20, duplicates: 10 }] });
    expect(delivered(setup)).toEqual({ different: 30, copies: 1 });
  });

  it('is made up for by a sweep when the overlap is past', async () => {
    const setup = await environments.open({ dialect: 'configuration' });
    await setup.installedAgo(3 * DAY, { swept: { hourly: 2 * HOUR, daily: HOUR } });
    setup.api.add(Array.from({ length: 30 }, (_, index) => record(10 * HOUR + 5_000 * index)));
    const lambda = await setup.sandbox();
    await lambda.poll();
    expect(delivered(setup)).toEqual({ different: 30, copies: 1 });
    expect(
      setup.events.every(
        ({ detail }) => detail['stream'] === 'health' || JSON.stringify(detail['ingest']).includes('"sweep"'),
      ),
    ).toBe(true);
  });
});

it('[case 34] gives up on cursors that are always new', async () => {
  const checkpoint: Checkpoint = {
    watermark: 0,
    inflight: null,
    dialect: 'audit',
    sweeps: { hourly: { doneFrom: 0, inflight: null }, daily: { doneFrom: 0, inflight: null } },
  };
  const window = { from: 0, until: HOUR, asOf: null, cursor: null, page: 0, restarts: 0 };
  let pages = 0;
  async function* nothing() {
    yield await Promise.resolve([]);
  }
  const log: AuditLog = {
    async *pages() {
      for (;;) {
        const cursor = `cursor-${(pages += 1)}`;
        yield await Promise.resolve({
          batches: nothing(),
          end: () => ({ cursor, until: null }),
          asOf: HOUR,
          skewMs: 0,
          tailnet: null,
          oauthClientId: null,
          dialect: 'audit' as const,
        });
      }
    },
  };
  const committed: Checkpoint[] = [];
  const never = () => Promise.reject(new Error('not to be called'));
  const lease: LiveLease = {
    installation: {
      installedAt: 0,
      startFrom: 0,
      tailnetKey: 'example.com',
      tailnetId: null,
      idKey: 'key',
      committed: true,
    },
    checkpoint,
    stateLost: false,
    previousDied: false,
    notBefore: null,
    suspects: new Map(),
    failStreak: 0,
    health: { ending: null, progressAt: null, alert: null, owed: [], lastEventAt: null, matched: {} },
    observe: () => undefined,
    noteWork: never,
    saveAlerts: never,
    commit: (next) => Promise.resolve(void committed.push(next)),
    published: never,
    markPublished: never,
    fixTailnet: never,
    fail: never,
    recordGap: never,
    recordQuarantine: never,
  };
  const quiet = () => undefined;
  const deadline = { remaining: () => 240_000, untilNear: () => 240_000, isNear: () => false, isOver: () => false };
  const clock = { now: () => HOUR };
  const telemetry = { info: quiet, warn: quiet, error: quiet, count: quiet };
  const publisher = createPagePublisher({
    connector: { id: 'default', tailnet: '-', secretId: 's', dialect: 'audit' },
    runId: 'run',
    lease,
    publish: never,
    archive: { put: never, putFile: never },
    clock,
    telemetry,
    nextTurn: never,
    deadline,
    severityProfile: 'spec',
    expectedActivity: [],
    force: false,
    dryRun: false,
  });
  const reading = { log, publisher, lease, deadline, clock, telemetry, connector: 'default' };
  await expect(readWindow(reading, checkpoint, liveReader(window, quiet), true)).rejects.toMatchObject({
    code: 'TOO_MANY_PAGES',
  });
  // Each page, and at the end the window from its start again.
  expect(committed).toHaveLength(20_002);
  expect(committed.at(-1)?.inflight).toMatchObject({ cursor: null, page: 0 });
  expect(committed.every(({ watermark }) => watermark === 0)).toBe(true);
});

it('[case 35] begins a window anew three times at most, and repeats nothing', async () => {
  const setup = await environments.open({ dialect: 'audit', api: { pageSize: 2 } });
  setup.api.add(Array.from({ length: 6 }, () => record()));
  const stop = setup.api.intercept(({ query }) => (query.has('cursor') ? { status: 410 } : undefined));
  const lambda = await setup.sandbox();
  await expect(lambda.poll()).rejects.toThrow(/^default: CURSOR_REFUSED /);
  expect(setup.api.requests.filter(({ query }) => !query.has('cursor'))).toHaveLength(4);
  stop();
  await lambda.poll();
  expect(delivered(setup)).toEqual({ different: 6, copies: 1 });
});

it('[case 37] finds what happened while a cursor lay unused for six hours', async () => {
  const clock = environments.clock();
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const setup = await environments.open({ dialect: 'audit', api: { pageSize: 2, clock: { now } } });
  setup.api.add(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => record(MINUTE, about(name))));
  await dieBehindFirstPage(setup, await setup.sandbox(clock.environment));
  expect(await setup.item('STATE')).toMatchObject({ inflight: { page: 1 } });

  ahead = 6 * HOUR;
  clock.shift(ahead);
  setup.api.add(['meanwhile', 'lately'].map((name, index) => record(-ahead + (3 - 2 * index) * HOUR, about(name))));
  const lambda = await setup.sandbox(clock.environment);
  await lambda.poll();
  const [resumed] = setup.api.requests.filter(({ at }) => at > Date.now() + HOUR);
  expect(resumed?.query.has('cursor')).toBe(true);
  expect(targets(setup).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'lately', 'meanwhile']);
  const ingests = setup.events.flatMap(({ detail }) => detail['ingest'] ?? []);
  expect(ingests).toEqual(ingests.map(() => expect.objectContaining({ mode: 'live' }) as unknown));
});
