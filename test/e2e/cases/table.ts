import { DeleteItemCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import type { Gateway } from '../../../local/gateway/server';

export type Item = Record<string, unknown>;

/** A DynamoDB table as an operator sees it, past the connector. */
export interface TableView {
  items(): Promise<Item[]>;
  /** The items of one partition. */
  partition(pk: string): Promise<Item[]>;
  put(...items: readonly Item[]): Promise<void>;
  /** As a restored backup: later items are gone. */
  restore(backup: readonly Item[]): Promise<void>;
  close(): void;
}

export function openTable(gateway: Gateway, name = 'tailscale-audit'): TableView {
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
  const items = async () =>
    ((await client.send(new ScanCommand({ TableName: name, ConsistentRead: true }))).Items ?? []).map((item): Item =>
      unmarshall(item),
    );
  const put = async (...given: readonly Item[]) => {
    for (const item of given) await client.send(new PutItemCommand({ TableName: name, Item: marshall(item) }));
  };
  return {
    items,
    put,
    partition: async (pk) => (await items()).filter((item) => item['pk'] === pk),
    restore: async (backup) => {
      for (const { pk, sk } of await items())
        await client.send(new DeleteItemCommand({ TableName: name, Key: marshall({ pk, sk }) }));
      await put(...backup);
    },
    close: () => {
      client.destroy();
    },
  };
}
