import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { TABLE_KEY } from '../../lib/contract/names';
import { LOCAL_CLIENT } from './local-client';

/**
 * Makes the connector's table and waits until it can be used. An existing table of that name is left unchanged.
 *
 * @param endpoint The gateway's URL.
 * @param name At least three characters, as DynamoDB wants.
 */
export async function createTable(endpoint: string, name: string): Promise<void> {
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint });
  try {
    await client
      .send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [
            { AttributeName: TABLE_KEY.partition, AttributeType: 'S' },
            { AttributeName: TABLE_KEY.sort, AttributeType: 'S' },
          ],
          KeySchema: [
            { AttributeName: TABLE_KEY.partition, KeyType: 'HASH' },
            { AttributeName: TABLE_KEY.sort, KeyType: 'RANGE' },
          ],
        }),
      )
      .catch((error: unknown) => {
        if (!(error instanceof ResourceInUseException)) throw error;
      });
    // Seconds. By default the waiter would sleep 20 s between two looks.
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 }, { TableName: name });
  } finally {
    client.destroy();
  }
}
