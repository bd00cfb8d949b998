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

interface EmbeddedMetrics {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly connector: string;
}

/** Every line the function printed, parsed: one that is no JSON fails here. */
const lines = (output: string) =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const metrics = (output: string) =>
  lines(output).filter((line): line is Record<string, unknown> & EmbeddedMetrics => '_aws' in line);

it('prints JSON lines, and metrics whose only dimension is the connector', async () => {
  await open();
  setup.api.add(record());
  const sandbox = await setup.sandbox();
  await sandbox.poll();
  await sandbox.poll();

  const published = metrics(sandbox.output());
  expect(published).toHaveLength(2);
  for (const { _aws, connector } of published) {
    expect(connector).toBe('default');
    expect(_aws.CloudWatchMetrics).toMatchObject([
      { Namespace: 'TailscaleAuditConnector', Dimensions: [['connector']] },
    ]);
  }
  expect(published[0]).toMatchObject({
    EventsEmitted: 1,
    DuplicatesDropped: 0,
    WatermarkAgeSeconds: expect.any(Number) as number,
  });
  expect(published[1]).toMatchObject({ EventsEmitted: 0, DuplicatesDropped: 1 });
});

it("says the watermark's age and the failure when a tick fails", async () => {
  await open();
  await setup.installedAgo(3_600_000);
  setup.api.revokeKey(API_KEY);
  const sandbox = await setup.sandbox();
  await expect(sandbox.poll()).rejects.toThrow('UNAUTHORIZED');
  expect(metrics(sandbox.output())).toMatchObject([
    { PollFailed: 1, WatermarkAgeSeconds: expect.any(Number) as number },
  ]);
});

it.each([
  ['all is well', {}, () => undefined],
  [
    'the key is revoked',
    {},
    () => {
      setup.api.revokeKey(API_KEY);
    },
  ],
  [
    'the OAuth client is revoked',
    { secret: OAUTH_CLIENT },
    () => {
      setup.api.revokeClient(OAUTH_CLIENT.clientId);
    },
  ],
  [
    'the API is down',
    {},
    () => {
      setup.api.intercept(() => 'reset');
    },
  ],
  [
    'the API repeats the credential',
    {},
    () => {
      setup.api.intercept(({ headers }) => ({
        status: 403,
        body: JSON.stringify({ message: `no: ${headers.authorization ?? ''}` }),
      }));
    },
  ],
])('prints no secret when %s', async (_, options, spoil) => {
  await open({ ...options, environment: { LOG_LEVEL: 'DEBUG' } });
  setup.api.add(record());
  spoil();
  const sandbox = await setup.sandbox();
  const said = await sandbox.poll({ remainingMs: 16_000 }).then(JSON.stringify, String);
  const tested = JSON.stringify(await sandbox.testConnection({ remainingMs: 16_000 }));
  for (const text of [sandbox.output(), said, tested]) expect(text).not.toContain('canary');
});
