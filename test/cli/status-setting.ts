import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { stripVTControlCharacters } from 'node:util';
import { DAY, HOUR, MINUTE } from '../../lib/domain/time';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { createTable } from '../../local/gateway/table';
import { tailscaleAudit, type CommandOptions } from './command';

export { MINUTE, HOUR, DAY };
export const NOW = Date.parse('2026-11-22T12:00:00Z');

export let gateway: Gateway;
let client: DynamoDBClient;
export let table: string;
let tables = 0;
beforeAll(async () => {
  gateway = await startGateway();
  client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
});
beforeEach(async () => {
  table = `status-${(tables += 1)}`;
  await createTable(gateway.url, table);
});
afterAll(async () => {
  client.destroy();
  await gateway.close();
});

export const put = (pk: string, sk: string, item: object) =>
  client.send(
    new PutItemCommand({ TableName: table, Item: marshall({ pk, sk, ...item }, { removeUndefinedValues: true }) }),
  );
export const done = (ago: number) => ({ doneFrom: NOW - ago, inflight: null });
export const GENESIS = {
  installedAt: NOW - 10 * DAY,
  startFrom: NOW - 10 * DAY,
  committed: true,
  tailnetKey: 'example.com',
  tailnetId: 'example.com',
};
const STATE = {
  v: 1,
  token: 7,
  owner: 'run-7',
  rev: 20,
  wm: NOW - 3 * MINUTE,
  leaseUntil: 0,
  lastOkAt: NOW - 2 * MINUTE,
  lastEventAt: NOW - HOUR,
  failStreak: 0,
  dialect: 'configuration',
  inflight: null,
  sweeps: { hourly: done(12 * MINUTE), daily: done(3 * HOUR) },
};
export const WAITING = {
  id: 'a1:x',
  status: 'quarantined',
  reason: 'MalformedDetail',
  at: NOW - HOUR,
  bucket: 'b',
  key: 'k',
  sha256: 's',
  bytes: 1,
};

/** Writes the items of a connector, healthy by default. Undefined fields are omitted. */
export async function connector({
  id = 'default',
  state = {},
  installation = {},
  ledger = {},
}: {
  id?: string;
  state?: object;
  installation?: object;
  ledger?: Readonly<Record<string, object>>;
} = {}): Promise<void> {
  await put(`TN#${id}`, 'GENESIS', { ...GENESIS, ...installation });
  await put(`TN#${id}`, 'STATE', { ...STATE, ...state });
  for (const [sk, item] of Object.entries(ledger)) await put(`TN#${id}#LEDGER`, sk, item);
}

/** Writes a backfill of two days. */
export const job = (id: string) =>
  put('TN#default#BF', id, {
    ...{ connector: 'default', dialect: 'configuration', from: NOW - 3 * DAY, until: NOW - DAY, sliceMs: DAY },
    ...{ force: false, dryRun: false, notes: [] },
  });

/** Writes one of its slices, done by default. */
export const slice = (id: string, index: number, item: object = {}) =>
  put('TN#default#BF', `${id}#${index}`, {
    ...{ index, until: NOW - (2 - index) * DAY, readTo: NOW - (2 - index) * DAY, inflight: null, token: 1, rev: 3 },
    counts: { fetched: 40, emitted: 30, duplicates: 10, quarantined: 0, byAction: {}, bySeverity: {} },
    ...{ startedAt: NOW - HOUR, updatedAt: NOW - MINUTE },
    ...item,
  });

export const status = async (args: readonly string[] = [], options: CommandOptions = {}) => {
  const ended = await tailscaleAudit(
    ['status', '--table', table, '--connector', 'default', ...args],
    { AWS_ENDPOINT_URL: gateway.url },
    { now: () => NOW, ...options },
  );
  return { ...ended, stdout: stripVTControlCharacters(ended.stdout) };
};

export interface Shown {
  readonly healthy: boolean;
  readonly connectors: readonly {
    readonly connector: string;
    readonly health: string;
    readonly problems: readonly { readonly rule: string; readonly message: string }[];
  }[];
}
export const asJson = async () => JSON.parse((await status(['--json'])).stdout) as Shown;
