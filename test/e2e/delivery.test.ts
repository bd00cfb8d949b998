import {
  API_KEY,
  OAUTH_CLIENT,
  openEnvironment,
  record,
  type TestEnvironment,
  type TestEnvironmentOptions,
} from '../harness/environment';

let setup: TestEnvironment;
afterEach(() => setup.close());

const open = async (options?: TestEnvironmentOptions) => (setup = await openEnvironment(options));

describe.each(['audit', 'configuration'] as const)('in the %s dialect', (dialect) => {
  it.each([
    ['an API key', { apiKey: API_KEY }],
    ['an OAuth client', OAUTH_CLIENT],
  ])('brings every record onto the bus once, with %s', async (_, secret) => {
    await open({ dialect, secret, api: { pageSize: 7 } });
    setup.api.add(Array.from({ length: 30 }, (_, index) => record(1_000 * index)));
    const sandbox = await setup.sandbox();

    const { connectors } = await sandbox.poll();

    expect(connectors).toEqual([
      expect.objectContaining({
        connector: 'default',
        fetched: 30,
        emitted: 30,
        duplicates: 0,
        dialect,
        partial: false,
        busy: false,
        pages: dialect === 'audit' ? 5 : 1,
      }),
    ]);
    expect(new Set(setup.auditIds()).size).toBe(30);
    expect(setup.events[0]).toMatchObject({
      source: 'tailscale',
      'detail-type': 'Tailscale Audit Event',
      detail: { action: 'device:approve', severity: 'high' },
    });
  });

  it('emits nothing when nothing is new, but moves the watermark', async () => {
    await open({ dialect });
    // The server's date has whole seconds: with one that runs ahead, the watermark follows our clock, to the millisecond.
    setup.api.setSkew(2_000);
    setup.api.add([record(), record()]);
    const sandbox = await setup.sandbox();
    const first = await sandbox.poll();
    const second = await sandbox.poll();

    expect(second.connectors[0]).toMatchObject({ emitted: 0, duplicates: 2 });
    expect(setup.auditIds()).toHaveLength(2);
    expect(Date.parse(second.connectors[0]?.watermark ?? '')).toBeGreaterThan(
      Date.parse(first.connectors[0]?.watermark ?? ''),
    );
  });

  it('[case 16] emits a record that shows up 30 minutes late, once', async () => {
    await open({ dialect });
    await setup.installedAgo(2 * 60 * 60_000);
    const sandbox = await setup.sandbox();
    await sandbox.poll();
    setup.api.add(record(30 * 60_000));
    await sandbox.poll();
    await sandbox.poll();

    expect(setup.auditIds()).toHaveLength(1);
    expect(setup.events[0]?.detail['ingest']).toMatchObject({ late: true, mode: 'live' });
  });

  it('loses none of 500 records when it is killed in the middle of publishing a page', async () => {
    await open({ dialect, api: { pageSize: 5_000 } });
    setup.api.add(Array.from({ length: 500 }, (_, index) => record(100 * index)));
    const doomed = await setup.sandbox();
    let puts = 0;
    const stop = setup.gateway.intercept(({ operation }) => {
      puts += operation === 'PutEvents' ? 1 : 0;
      if (puts === 25) void doomed.kill();
      return undefined;
    });
    await expect(doomed.poll()).rejects.toThrow('the sandbox is gone');
    stop();
    const published = setup.auditIds().length;
    expect(published).toBeGreaterThan(0);
    expect(published).toBeLessThan(500);

    await setup.leaseIsOver();
    await (await setup.sandbox()).poll();

    expect(new Set(setup.auditIds()).size).toBe(500);
    // A crash repeats at most two flush units of 100.
    expect(setup.auditIds().length).toBeLessThanOrEqual(700);
  });
});

it('stands beside every policy change with the diff', async () => {
  await open();
  setup.api.add(
    record(20_000, {
      action: 'UPDATE',
      target: { id: 'TWorldCNTRL', name: 'example.com', type: 'TAILNET', property: 'ACL' },
      old: '{\n  // who may what\n  "acls": []\n}\n',
      new: '{\n  // who may what\n  "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]\n}\n',
    }),
  );
  await (await setup.sandbox()).poll();

  const [audit, diff] = setup.events;
  expect(setup.events).toHaveLength(2);
  expect(audit).toMatchObject({
    'detail-type': 'Tailscale Audit Event',
    detail: { action: 'acl:update', severity: 'high' },
  });
  expect(diff).toMatchObject({
    'detail-type': 'Tailscale ACL Policy Diff',
    detail: { severity: 'high', auditId: audit?.detail['id'] },
  });
  expect(diff?.detail['diff']).toMatchObject({
    addedLines: 1,
    removedLines: 1,
    unified: expect.stringContaining('+  "acls": [{"action": "accept"') as string,
  });
});

it('asks the audit dialect first and remembers what answered', async () => {
  await open({ api: { dialects: 'configuration' } });
  const sandbox = await setup.sandbox();
  await sandbox.poll();
  await sandbox.poll();
  expect(setup.api.requests.map(({ endpoint }) => endpoint)).toEqual(['audit', 'configuration', 'configuration']);
  expect((await setup.item('STATE'))?.['dialect']).toBe('configuration');
});

it('[case 36] continues after an empty page that has a cursor', async () => {
  await open({ dialect: 'audit', api: { pageSize: 2 } });
  setup.api.add([record(), record(), record()]);
  let empty = true;
  setup.api.intercept(({ query }, proceed) => {
    if (query.has('cursor') || !empty) return undefined;
    empty = false;
    const page = JSON.parse(proceed().body) as { nextCursor: string };
    return { body: JSON.stringify({ auditLogs: [], nextCursor: page.nextCursor }) };
  });
  const report = await (await setup.sandbox()).poll();
  expect(report.connectors[0]).toMatchObject({ fetched: 1, pages: 2 });
});

it('[case 48] resends only the entries the bus refused', async () => {
  await open();
  setup.api.add(Array.from({ length: 10 }, () => record()));
  let refused = 0;
  setup.gateway.events.refuseEntries((_, index) =>
    index === 3 && refused++ < 2 ? { code: 'ThrottlingException', message: 'slow down' } : undefined,
  );
  await (await setup.sandbox()).poll();
  expect(setup.auditIds()).toHaveLength(10);
  expect(new Set(setup.auditIds()).size).toBe(10);
});

it('does not move when entries stay unsent, and brings them with the next tick', async () => {
  await open();
  setup.api.add([
    ...Array.from({ length: 9 }, () => record()),
    record(0, { target: { id: 'nUnluckyCNTRL', name: 'unlucky', type: 'NODE' } }),
  ]);
  const stop = setup.gateway.events.refuseEntries(({ Detail }) =>
    Detail?.includes('unlucky') === true ? { code: 'InternalFailure', message: 'x' } : undefined,
  );
  const sandbox = await setup.sandbox();
  await expect(sandbox.poll()).rejects.toThrow(/^default: BUS_EXHAUSTED .* 1 entries/);
  expect(setup.auditIds()).toHaveLength(9);
  expect(await setup.item('STATE')).toMatchObject({ rev: 0, failStreak: 1 });
  stop();
  await sandbox.poll();
  expect(setup.auditIds()).toHaveLength(10);
  expect(new Set(setup.auditIds()).size).toBe(10);
});

it('[case 4] lets one of two invocations at once do the work', async () => {
  await open();
  setup.api.add(Array.from({ length: 50 }, () => record()));
  const [one, two] = await Promise.all([setup.sandbox(), setup.sandbox()]);
  const reports = await Promise.all([one.poll(), two.poll()]);
  const busy = reports.filter(({ connectors }) => connectors[0]?.busy).length;
  expect(busy).toBeLessThanOrEqual(1);
  expect(setup.auditIds()).toHaveLength(50);
});
