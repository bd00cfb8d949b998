import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Deadline } from '../domain/deadline';
import type { Item } from './connector-items';
import { callOptions, type Table } from './table';

/**
 * A partition's items in the order of their sort keys, page by page.
 *
 * @param prefix Only those whose sort key begins with it; left out: all.
 */
export async function* queryItems(
  table: Table,
  pk: string,
  deadline: Deadline,
  prefix?: string,
): AsyncGenerator<Item, void, void> {
  let start: Item | undefined;
  do {
    const answer = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        ConsistentRead: true,
        KeyConditionExpression: prefix === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': { S: pk }, ...(prefix === undefined ? {} : { ':prefix': { S: prefix } }) },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
      callOptions(deadline),
    );
    yield* answer.Items ?? [];
    start = answer.LastEvaluatedKey;
  } while (start !== undefined);
}
