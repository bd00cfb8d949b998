import { METRIC } from '../../../lib/contract/names';
import { publishedPartition } from '../../../lib/dynamodb/keys';
import { validateEvent } from '../../harness/validate-event';
import { record, type TestEnvironment } from '../../harness/environment';
import { about, createEnvironments, DAY, delivered, health, HOUR, MINUTE, targets } from './environments';

const environments = createEnvironments();

const watermark = async (setup: TestEnvironment) => Number((await setup.item('STATE'))?.['wm']);

/** Values of a metric, one for each tick that had it. */
const metric = (output: string, name: string) =>
  output.split('\n').flatMap((line) => {
    if (!line.includes('"_aws"')) return [];
    const value = (JSON.parse(line) as Record<string, unknown>)[name];
    return value === undefined ? [] : [value];
  });

const TIMES = [
  '2026-07-27T12:10:27.726411266Z',
  '2026-07-27T12:10:27.726411267Z',
  '2026-07-27T14:10:27+02:00',
  '2026-07-27T12:10:27Z',
  '2016-12-31T23:59:60Z',
  '0001-01-01T00:00:00Z',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  'no time at all',
];

it('[case 28] [case 73] brings a record of any time, once, with its time as it was written', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  const table = environments.table(setup);
  const records = TIMES.map((eventTime, index) =>
    record(0, { eventTime, ...about(`at-${index}`), deferredAt: '0001-01-01T00:00:00Z' }),
  );
  setup.api.intercept(() => ({ body: JSON.stringify({ tailnetId: 'example.com', logs: records }) }));
  const lambda = await setup.sandbox();
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: TIMES.length }] });
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: TIMES.length }] });

  for (const { detail } of setup.events) validateEvent(detail);
  expect(setup.events.map(({ detail }) => detail['occurredAt'] ?? 'no time at all').sort()).toEqual([...TIMES].sort());
  // On the bus, a time that nobody could mean is the time of receipt.
  const years = setup.events.map(({ time }) => time.slice(0, 4));
  expect(new Set(years)).toEqual(new Set(['2016', '2026', new Date().toISOString().slice(0, 4)]));
  const seen = await table.partition(publishedPartition('default'));
  expect(seen.map(({ sk }) => sk)).toEqual(expect.arrayContaining(['2016123123#0', '2026072712#0', 'none#0']));
  for (const { exp } of seen) expect(Number(exp) / (Date.now() / 1000)).toBeCloseTo(1, 1);
});

it.each(['audit', 'configuration'] as const)(
  '[case 73] brings a record without a time that shows up late, once (%s)',
  async (dialect) => {
    const setup = await environments.open({ dialect, api: { auditShape: 'native' } });
    await setup.installedAgo(3 * DAY, { swept: { hourly: 2 * HOUR, daily: HOUR } });
    const at = BigInt(Date.now() - 20 * HOUR) * 1_000_000n;
    setup.api.add(record(0, { eventTime: '0001-01-01T00:00:00Z', ...about('zero') }), { at });
    setup.api.add(record(0, { eventTime: 'soon', ...about('unreadable') }), { at });
    const lambda = await setup.sandbox();
    await lambda.poll();
    await lambda.poll();
    expect(targets(setup).sort()).toEqual(['unreadable', 'zero']);
  },
);

describe.each(['audit', 'configuration'] as const)('[case 61] with a wrong clock, in the %s dialect', (dialect) => {
  it.each([10 * MINUTE, -10 * MINUTE])(
    'by %i ms, nothing is lost and the watermark keeps behind both clocks',
    async (ahead) => {
      const clock = environments.clock(ahead);
      const setup = await environments.open({ dialect });
      await setup.installedAgo(2 * HOUR, { watermark: Date.now() - HOUR });
      setup.api.add([
        record(0, about('now')),
        record(5 * MINUTE, about('before')),
        record(15 * MINUTE, about('long-before')),
      ]);
      const lambda = await setup.sandbox(clock.environment);
      await lambda.poll();
      expect(await watermark(setup)).toBeLessThanOrEqual(Math.min(Date.now(), Date.now() + ahead) - MINUTE);
      expect(await watermark(setup)).toBeGreaterThan(Math.min(Date.now(), Date.now() + ahead) - 2 * MINUTE);
      const [skew] = metric(lambda.output(), METRIC.clockSkew);
      expect(Math.abs(Number(skew) - 600)).toBeLessThan(5);

      setup.api.add(record(5 * MINUTE, about('late')));
      await lambda.poll();
      clock.shift(0);
      await lambda.poll();
      expect(targets(setup).sort()).toEqual(['before', 'late', 'long-before', 'now']);
      expect(await watermark(setup)).toBeGreaterThan(Date.now() - 2 * MINUTE);
    },
  );

  it('that jumps with every request, nothing is lost, and each tick ends', async () => {
    const clock = environments.clock();
    const setup = await environments.open({ dialect, api: { pageSize: 3 } });
    await setup.installedAgo(2 * HOUR);
    const lambda = await setup.sandbox(clock.environment);
    const jumps = [0, 10 * MINUTE, -10 * MINUTE, 2 * MINUTE, -90_000];
    let requests = 0;
    const jump = () => {
      clock.shift(jumps[(requests += 1) % jumps.length] ?? 0);
      return undefined;
    };
    const still = [setup.gateway.intercept(jump), setup.api.intercept(jump)];
    for (let tick = 0; tick < 5; tick += 1) {
      setup.api.add([record(0), record(20 * MINUTE), record(MINUTE)]);
      await lambda.poll().catch((error: unknown) => {
        // A jump over the end of the run leaves no time for its last write. It fails, and the next one goes on.
        expect(String(error)).toMatch(/STATE_UNAVAILABLE|OUT_OF_TIME|BUS_EXHAUSTED/);
      });
      await setup.leaseIsOver();
      expect(await watermark(setup)).toBeLessThanOrEqual(Date.now() - MINUTE);
    }
    for (const stop of still) stop();
    clock.shift(0);
    await lambda.poll();
    expect(delivered(setup).different).toBe(15);
    expect(delivered(setup).copies).toBeLessThanOrEqual(2);
  });
});

it('[case 62] goes by its own clock when the answer has no date', async () => {
  const setup = await environments.open({ dialect: 'configuration' });
  setup.api.intercept((_, proceed) => ({ ...proceed(), headers: { date: null } }));
  setup.api.add([record(), record()]);
  const lambda = await setup.sandbox();
  const before = Date.now();
  await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 2 }] });
  expect(await watermark(setup)).toBeGreaterThanOrEqual(before - MINUTE);
  expect(await watermark(setup)).toBeLessThanOrEqual(Date.now() - MINUTE);
  expect(metric(lambda.output(), METRIC.clockSkew)).toEqual([]);
});

describe.each(['audit', 'configuration'] as const)('[case 63] after an outage, in the %s dialect', (dialect) => {
  it.each([
    ['2 hours', 2 * HOUR],
    ['3 days', 3 * DAY],
    ['89 days', 89 * DAY],
  ])('of %s, one tick catches up with all of it', async (_, outage) => {
    const setup = await environments.open({ dialect });
    await setup.installedAgo(outage + DAY, {
      watermark: Date.now() - outage,
      swept: { hourly: outage, daily: outage },
    });
    // One of them happened before the outage, and shows up after it.
    setup.api.add([
      record(outage + 30 * MINUTE),
      ...Array.from({ length: 20 }, (_, index) => record((outage * index) / 20)),
    ]);
    const lambda = await setup.sandbox();
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 21, partial: false }] });
    expect(delivered(setup)).toEqual({ different: 21, copies: 1 });
    expect(await watermark(setup)).toBeGreaterThan(Date.now() - 2 * MINUTE);
    expect([health(setup).map(({ kind }) => kind), await setup.ledger()]).toEqual([['blind', 'recovered'], []]);
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0 }] });
  });

  it('of 100 days, it brings what Tailscale still has, and says what is lost', async () => {
    const setup = await environments.open({ dialect });
    const from = Date.now() - 100 * DAY;
    await setup.installedAgo(120 * DAY, { watermark: from, swept: { hourly: 100 * DAY, daily: 100 * DAY } });
    setup.api.add([95 * DAY, 89 * DAY, 50 * DAY, HOUR].map((age, index) => record(age, about(`age-${index}`))));
    const lambda = await setup.sandbox();
    await lambda.poll();
    expect(targets(setup).sort()).toEqual(['age-1', 'age-2', 'age-3']);
    await lambda.poll();
    expect(health(setup)[0]).toMatchObject({ kind: 'gap', interval: { from: new Date(from).toISOString() } });
    const [gap] = health(setup).filter(({ kind }) => kind === 'gap');
    expect(gap).toMatchObject({ severity: 'high', connector: 'default' });
    const interval = gap?.['interval'] as { from: string; until: string };
    expect(Date.parse(interval.until) - from).toBeGreaterThan(9.9 * DAY);
    expect(await setup.ledger()).toMatchObject([{ sk: `GAP#${interval.from}#${interval.until}` }]);
    health(setup).forEach(validateEvent);
    expect(health(setup).filter(({ kind }) => kind === 'gap')).toHaveLength(1);
    expect(health(setup).at(-1)).toMatchObject({ kind: 'recovered' });
    expect(delivered(setup)).toEqual({ different: 3, copies: 1 });
  });
});

describe('[case 72] on a day when the calendar does something', () => {
  it.each([
    ['clocks go forward', 'Europe/Berlin', '2027-03-28T01:00:00Z'],
    ['clocks go back', 'America/New_York', '2027-11-07T06:00:00Z'],
    ['the year ends', 'Pacific/Kiritimati', '2027-01-01T00:00:00Z'],
    ['February has a 29th', 'Asia/Kolkata', '2028-02-29T00:00:00Z'],
    ['February has had a 29th', 'America/St_Johns', '2028-03-01T00:00:00Z'],
  ])('%s (%s), nothing is lost or repeated', async (_, TZ, instant) => {
    const turn = Date.parse(instant);
    const start = Date.now();
    let ahead = turn + MINUTE - start;
    const clock = environments.clock(ahead);
    const setup = await environments.open({
      dialect: 'configuration',
      api: { clock: { now: () => Date.now() + ahead } },
    });
    const offsets = [-3_600_000, -60_000, -1, 0, 1, 30_000, 4 * MINUTE];
    const placed = offsets.map((offset) => record(0, { eventTime: new Date(turn + offset).toISOString() }));
    const lambda = await setup.sandbox({ ...clock.environment, TZ });
    setup.api.add(placed);
    for (let tick = 0; tick < 4; tick += 1) {
      await lambda.poll();
      ahead += 20 * MINUTE;
      clock.shift(ahead);
    }
    // The first lies before the five minutes with which a new connector begins.
    expect(delivered(setup)).toEqual({ different: offsets.length - 1, copies: 1 });
    const closed = (await watermark(setup)) - turn;
    // An hour after the first tick less what settles; a date has no fraction of a second.
    expect(closed).toBeGreaterThan(59 * MINUTE);
    expect(closed).toBeLessThan(62 * MINUTE);
    const ingests = setup.events.flatMap(({ detail }) => detail['ingest'] ?? []);
    expect(ingests).toEqual(ingests.map(() => expect.objectContaining({ mode: 'live', late: false }) as unknown));
  });
});
