import { DAY, HOUR, MINUTE } from './cases/environments';
import { BACKFILL_BUNDLE, type Sandbox } from '../harness/lambda';
import { validateEvent } from '../harness/validate-event';
import { openEnvironment, record, type TestEnvironment } from '../harness/environment';
import { ago, backfill, installed, iso, open, range, run, setup } from './backfill-setting';

describe.each(['configuration', 'audit'] as const)('in the %s dialect', (dialect) => {
  it('brings what happened before the connector was there, as valid events of its job, and live polling never brings it again', async () => {
    const live = await installed({ dialect });
    setup.api.add([record(10 * DAY), record(5 * DAY), record(2 * HOUR), record(10 * MINUTE)]);
    const report = await run(await backfill(), { from: ago(20 * DAY) });
    expect(report).toMatchObject({
      connector: 'default',
      slice: null,
      dialect,
      fetched: 4,
      emitted: 4,
      duplicates: 0,
      quarantined: 0,
      done: true,
      next: null,
    });
    expect(report).toMatchObject({
      byAction: { 'device:approve': 4 },
      bySeverity: { high: 4 },
      dryRun: false,
      force: false,
    });
    for (const { detail } of setup.events) {
      validateEvent(detail);
      expect(detail['ingest']).toMatchObject({ mode: 'backfill', runId: report.jobId });
    }
    await live.poll();
    expect(setup.auditIds()).toHaveLength(4);
  });

  it('knows by their ids what live polling has brought', async () => {
    await open({ dialect });
    await setup.installedAgo(3 * DAY, { watermark: Date.now() - 2 * DAY });
    setup.api.add([record(40 * HOUR), record(30 * HOUR), record(60 * HOUR)]);
    await (await setup.sandbox()).poll();
    expect(setup.auditIds()).toHaveLength(2);
    const report = await run(await backfill(), { last: 'P7D' });
    expect(report).toMatchObject({ emitted: 1, duplicates: 2, done: true });
    expect(new Set(setup.auditIds()).size).toBe(3);
    expect(setup.auditIds()).toHaveLength(3);
  });

  it('publishes what the end leaves to others neither in a slice nor behind it', async () => {
    await installed({ dialect });
    const from = Math.floor((Date.now() - 4 * DAY) / MINUTE) * MINUTE;
    const at = (instant: number) => record(0, { eventTime: iso(instant) });
    setup.api.add([at(from - 1), at(from), at(from + DAY - 1), at(from + DAY), at(from + 2 * DAY)]);
    await run(await backfill(), { from: iso(from), until: iso(from + 2 * DAY) });
    expect(
      setup.events.map(({ detail }) => Date.parse(String(detail['occurredAt'])) - from).sort((a, b) => a - b),
    ).toEqual([0, DAY - 1, DAY]);
  });
});

describe('[case 65] an invalid range', () => {
  let refusing: TestEnvironment;
  let sandbox: Sandbox;
  beforeAll(async () => {
    refusing = await openEnvironment({ dialect: 'configuration' });
    await (await refusing.sandbox()).poll();
    sandbox = await refusing.sandbox({}, { bundle: BACKFILL_BUNDLE });
  });
  afterAll(() => refusing.close());

  const future = ago(-2 * HOUR);
  it.each([
    ['no range', {}, /^backfill: from: say from when/],
    [
      'two ranges',
      { from: '2026-10-01T00:00:00Z', last: 'P7D' },
      /^backfill: last: give either last, or from and until/,
    ],
    [
      'a time without its zone',
      { from: '2026-10-01T00:00:00' },
      /^backfill: from: must be a time such as 2026-10-01T00:00:00Z, with its zone/,
    ],
    [
      'an end that is no time',
      { from: '2026-10-01T00:00:00Z', until: 'yesterday' },
      /^backfill: until: must be a time/,
    ],
    ['a duration of months', { last: 'P3M' }, /^backfill: last: must be a duration of weeks, days, hours and minutes/],
    ['a duration of nothing', { last: 'PT0M' }, /^backfill: last: must be at least one minute/],
    [
      'a duration beyond the retention',
      { last: 'P91D' },
      /^backfill: last: is longer than the 90 days .*P90D is the limit/,
    ],
    ['a start in the future', { from: future }, /^backfill: from: \S+ is in the future; now is /],
    [
      'an end far in the future',
      { from: ago(DAY), until: '9999-12-31T23:59:59Z' },
      /^backfill: until: 9999\S+ is more than 24 hours in the future/,
    ],
    ['a reversed range', { from: ago(DAY), until: ago(2 * DAY) }, /^backfill: until: \S+ is not after from, which is /],
    [
      'a start far beyond the retention',
      { from: ago(92 * DAY) },
      /^backfill: from: \S+ is too far back: Tailscale keeps its log for 90 days, so \S+ is the limit/,
    ],
    [
      'all of it beyond the retention',
      { from: ago(90.9 * DAY), until: ago(90.5 * DAY) },
      /^backfill: until: \S+ is too far back: .*nothing before \S+ can be read/,
    ],
    [
      'what live polling reads',
      { from: ago(MINUTE) },
      /^backfill: from: \S+ is too late: live polling has read up to .*is the limit/,
    ],
    ['a rerun that is no number', { last: 'P1D', rerun: 'yes' }, /^invocation: rerun: /],
    ['a field that nobody knows', { last: 'P1D', forced: true }, /^invocation: .*"forced"/],
    [
      'another connector',
      { last: 'P1D', connector: 'other' },
      /connector: there is no "other"; this function has default/,
    ],
    [
      'more slices than a plan may have',
      { action: 'plan', last: 'P60D', sliceHours: 1 },
      /^backfill: sliceHours: the range would have 14\d\d slices, and 500 is the limit/,
    ],
    [
      'a report of a job that is not there',
      { action: 'report', jobId: `bf-${'0'.repeat(32)}` },
      /^backfill: jobId: the connector "default" has no job/,
    ],
    ['a report of what is no job id', { action: 'report', jobId: '../STATE' }, /^invocation: jobId: must be a job id/],
  ])(
    '%s is an error that names the field; nothing is requested from Tailscale, and nothing is written',
    async (_, asked, line) => {
      const [asks, calls] = [refusing.api.requests.length, refusing.gateway.requests.length];
      await expect(sandbox.invoke(asked)).rejects.toMatchObject({
        errorType: 'InvalidInput',
        message: expect.stringMatching(line) as string,
      });
      expect(refusing.api.requests).toHaveLength(asks);
      expect(refusing.gateway.requests.slice(calls).filter(({ operation }) => operation !== 'GetItem')).toEqual([]);
    },
  );

  it('is any, before the connector has read its log once: ids would be made with nothing', async () => {
    await open();
    await expect((await backfill()).invoke({ last: 'P1D' })).rejects.toThrow(
      'connector: "default" has not read its log yet; wait for its first poll that succeeds',
    );
    expect(setup.api.requests).toHaveLength(0);
  });
});

describe('what is cut', () => {
  it('is the end at the watermark less the overlap, and the start at the retention, and the answer says so', async () => {
    await open({ dialect: 'configuration' });
    await setup.installedAgo(3 * DAY);
    await (await setup.sandbox()).poll();
    const watermark = Number((await setup.item('STATE'))?.['wm']);
    const report = await run(await backfill(), { from: ago(90.5 * DAY), until: ago(-HOUR) });
    expect(report.until).toBe(iso(watermark - HOUR));
    expect(Date.now() - 90 * DAY - Date.parse(report.from)).toBeLessThan(60_000);
    expect(report.notes).toEqual([
      expect.stringContaining('a job covers whole minutes'),
      expect.stringMatching(/^from was \S+ and is now \S+: Tailscale keeps its log for 90 days$/),
      expect.stringMatching(/^until was \S+ and is now \S+: live polling has read up to /),
    ]);
  });

  it("leaves nothing between a connector's first hour and what was before it", async () => {
    const live = await installed();
    setup.api.add([record(59 * MINUTE), record(20 * MINUTE), record(6 * MINUTE), record(4 * MINUTE)]);
    await run(await backfill(), { last: 'PT2H' });
    expect(setup.auditIds()).toHaveLength(3);
    await live.poll();
    expect(new Set(setup.auditIds()).size).toBe(4);
    expect(setup.auditIds()).toHaveLength(4);
  });
});

it('publishes what live polling never had from before a switch of the dialect', async () => {
  await open({ dialect: 'configuration' });
  await setup.installedAgo(20 * DAY);
  await (await setup.sandbox()).poll();
  const switched = {
    CONNECTORS: JSON.stringify([
      { id: 'default', tailnet: '-', secretId: 'tailscale-audit/default', dialect: 'audit' },
    ]),
  };
  await (await setup.sandbox(switched)).poll();
  setup.api.add([record(15 * DAY), record(3 * DAY)]);
  const sandbox = await backfill(switched);
  expect(await run(sandbox, { from: ago(16 * DAY), until: ago(2 * HOUR) })).toMatchObject({
    emitted: 2,
    duplicates: 0,
  });
});

describe('what cannot go on the bus', () => {
  it('is quarantined or claimed, as in a live run', async () => {
    await installed({ dialect: 'configuration' });
    const allow = setup.gateway.events.refuseEntries(({ Detail }) =>
      Detail?.includes('poison') === true ? { code: 'MalformedDetail', message: 'x' } : undefined,
    );
    setup.api.add([
      record(DAY, { target: { id: 'n', name: 'poison', type: 'NODE' } }),
      record(DAY, { new: 'x'.repeat(300_000) }),
    ]);
    const asked = range();
    const sandbox = await backfill();
    expect(await run(sandbox, asked)).toMatchObject({ emitted: 1, quarantined: 1, done: true });
    expect(await setup.ledger()).toMatchObject([{ reason: 'MalformedDetail', status: 'quarantined' }]);
    expect(setup.events[0]?.detail['claimCheck']).toMatchObject({
      key: expect.stringMatching(/^claims\/default\//) as string,
    });
    allow();
    expect(await run(sandbox, { ...asked, rerun: 1 })).toMatchObject({ emitted: 0, duplicates: 2 });
    expect(await run(sandbox, { ...asked, force: true })).toMatchObject({ emitted: 2 });
  });
});

describe('a write to the slice of which the answer is lost', () => {
  it.each([
    ['the lease', (body: string) => body.includes('#previousLease')],
    ['a commit', (body: string) => body.includes('#lastCommitId')],
  ])('was applied although its answer was lost, and the run continues (%s)', async (_, isMeant) => {
    await installed({ dialect: 'configuration' });
    setup.api.add([record(DAY), record(3 * DAY)]);
    let lost = 0;
    setup.gateway.intercept(({ operation, body }) => {
      const text = JSON.stringify(body);
      if (lost > 0 || operation !== 'UpdateItem' || !text.includes('#BF') || !isMeant(text)) return undefined;
      lost += 1;
      return 'drop-after';
    });
    await expect(run(await backfill(), range())).resolves.toMatchObject({ emitted: 2, duplicates: 0, done: true });
    expect(lost).toBe(1);
    expect(setup.auditIds()).toHaveLength(2);
  });
});

it('begins a window anew, and brings each event once, when Tailscale no longer takes the cursor', async () => {
  await installed({ dialect: 'audit', api: { pageSize: 10 } });
  setup.api.add(Array.from({ length: 35 }, (_, index) => record(DAY + index * MINUTE)));
  let asked = 0;
  setup.api.intercept(({ endpoint }) => {
    if (endpoint === 'audit') asked += 1;
    if (asked === 3) setup.api.expireCursors();
    return undefined;
  });
  await expect(run(await backfill(), range())).resolves.toMatchObject({ emitted: 35, done: true });
  expect(asked).toBeGreaterThan(4);
  expect(setup.auditIds()).toHaveLength(35);
});
