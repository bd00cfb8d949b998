import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DETAIL_TYPE, EVENT_SOURCE } from '../lib/contract/names';
import { ENV, type DialectSetting } from '../lib/contract/settings';
import type { PollReport } from '../lib/poll/poll';
import type { TestConnectionReport } from '../lib/poll/test-connection';
import { LOCAL_CLIENT } from './gateway/local-client';
import type { DeliveredEvent } from './gateway/put-events';
import { startGateway } from './gateway/server';
import { createTable } from './gateway/table';

const TABLE = 'tailscale-audit';
const BUS = 'tailscale-audit';
const ARCHIVE = 'tailscale-audit-archive';
const SECRET = 'tailscale-audit/local';

export interface LocalConnectorOptions {
  /** Origin of the API: the simulator's, or Tailscale's own. */
  readonly apiUrl: string;
  readonly tailnet: string;
  readonly dialect: DialectSetting;
  /** The secret's value. */
  readonly credential: object;
  /** Folder that keeps the table between runs. */
  readonly stateDir?: string | undefined;
  readonly onEvent: (event: DeliveredEvent) => void;
}

/** The bundled handler on the embedded AWS gateway, in this process. */
export interface LocalConnector {
  tick(): Promise<PollReport>;
  testConnection(): Promise<TestConnectionReport>;
  /** Invokes the manual function. */
  backfill(event: object): Promise<unknown>;
  close(): Promise<void>;
}

type Handler = (event: object, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;

/** Starts the gateway, makes table, bus and secret, and loads the deployed bundle of the handler (`npm run build` first). */
export async function startLocalConnector(options: LocalConnectorOptions): Promise<LocalConnector> {
  // The SDK warns of Node 20 with the first client it makes; the Lambda runtime is newer.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const gateway = await startGateway(options.stateDir === undefined ? {} : { path: options.stateDir });
  await createTable(gateway.url, TABLE);
  gateway.events.createBus(BUS);
  gateway.s3.createBucket(ARCHIVE);
  gateway.events.on(BUS, { source: [EVENT_SOURCE], 'detail-type': Object.values(DETAIL_TYPE) }, options.onEvent);
  gateway.secrets.create(SECRET, JSON.stringify(options.credential));

  const { credentials, region } = LOCAL_CLIENT;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: gateway.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    // Log lines and metrics would run into what is shown.
    POWERTOOLS_METRICS_DISABLED: 'true',
    [ENV.logLevel]: process.env[ENV.logLevel] ?? 'SILENT',
    [ENV.connectors]: JSON.stringify([
      { id: 'default', tailnet: options.tailnet, secretId: SECRET, dialect: options.dialect },
    ]),
    [ENV.tableName]: TABLE,
    [ENV.busName]: BUS,
    [ENV.archiveBucket]: ARCHIVE,
    [ENV.apiUrl]: options.apiUrl,
  });
  const load = (name: string) =>
    (createRequire(__filename)(join(__dirname, `../dist/functions/${name}/index.js`)) as { handler: Handler }).handler;
  const handler = load('poll');
  const context = { getRemainingTimeInMillis: () => 240_000 };
  return {
    tick: async () => (await handler({ action: 'poll', connector: 'default' }, context)) as PollReport,
    testConnection: async () => (await handler({ action: 'test-connection' }, context)) as TestConnectionReport,
    backfill: (event) => load('backfill')(event, { getRemainingTimeInMillis: () => 900_000 }),
    close: () => gateway.close(),
  };
}
