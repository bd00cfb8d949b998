import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { createStateStore } from '../../../lib/dynamodb/state-store';
import type { LiveLease, StateStore } from '../../../lib/ports/checkpoints';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../../local/gateway/server';
import { createTable } from '../../../local/gateway/table';

export const NOW = Date.parse('2026-11-22T12:00:00Z');
export const deadline = {
  remaining: () => 240_000,
  untilNear: () => 240_000,
  isNear: () => false,
  isOver: () => false,
};

/** Starts anew at NOW before each test. */
export const clock = { at: NOW, now: () => clock.at };

export let gateway: Gateway;
/** A new table for each test. */
export const table = { client: new DynamoDBClient(LOCAL_CLIENT), name: '' };
export let store: StateStore;

let tables = 0;
beforeAll(async () => {
  gateway = await startGateway();
  table.client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url, maxAttempts: 2 });
});
beforeEach(async () => {
  table.name = `table-${(tables += 1)}`;
  await createTable(gateway.url, table.name);
  clock.at = NOW;
  store = openStore(table.name);
});
afterAll(async () => {
  table.client.destroy();
  await gateway.close();
});

let commits = 0;
export const openStore = (name: string) =>
  createStateStore({
    table: { client: table.client, name },
    clock,
    newCommitId: () => `commit-${(commits += 1)}`,
    newIdKey: () => 'f'.repeat(64),
  });

export async function acquire(runId = 'run', connector = 'default'): Promise<LiveLease> {
  const acquisition = await store.acquire(connector, runId, deadline);
  if (acquisition.state !== 'acquired') throw new Error(`not acquired: ${acquisition.state}`);
  return acquisition.lease;
}

/** The table name and the key of an item of the connector `default`. */
export const address = (sk: string) => ({ TableName: table.name, Key: marshall({ pk: 'TN#default', sk }) });

/** All items of a partition. */
export async function partition(pk: string): Promise<Record<string, unknown>[]> {
  const { Items: found = [] } = await table.client.send(
    new ScanCommand({ TableName: table.name, ConsistentRead: true }),
  );
  return found.map((one) => unmarshall(one)).filter((one) => one['pk'] === pk);
}

/** An item of the connector `default`; undefined: missing. */
export const item = async (sk: string) => (await partition('TN#default')).find((one) => one['sk'] === sk);
