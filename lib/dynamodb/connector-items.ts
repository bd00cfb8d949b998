import { GetItemCommand, PutItemCommand, UpdateItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Deadline } from '../domain/deadline';
import { callOptions, conditionally, type Table } from './table';

export type Item = Record<string, AttributeValue>;

/** An update in DynamoDB's expressions; `#name` stands for the attribute `name`, so that reserved words need no care. */
export interface Update {
  readonly set: readonly string[];
  readonly remove?: readonly string[];
  readonly when?: string;
  /** By placeholder, without its colon. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Reads and conditional writes of the items in one partition. */
export interface ConnectorItems {
  get(sk: string): Promise<Item | undefined>;
  /** Writes only where nothing is. */
  putNew(sk: string, attributes: object): Promise<void>;
  /** Answers the item as it is afterwards, or `refused` where the condition did not hold. */
  update(sk: string, update: Update): Promise<Item | 'refused'>;
}

export function createConnectorItems(table: Table, pk: string, deadline: Deadline): ConnectorItems {
  const key = (sk: string) => ({ TableName: table.name, Key: { pk: { S: pk }, sk: { S: sk } } });
  return {
    async get(sk) {
      const answer = await table.client.send(
        new GetItemCommand({ ...key(sk), ConsistentRead: true }),
        callOptions(deadline),
      );
      return answer.Item;
    },
    async putNew(sk, attributes) {
      const command = new PutItemCommand({
        TableName: table.name,
        Item: marshall({ pk, sk, ...attributes }),
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      await conditionally(() => table.client.send(command, callOptions(deadline)));
    },
    async update(sk, { set, remove = [], when, values }) {
      const expression = `SET ${set.join(', ')}${remove.length === 0 ? '' : ` REMOVE ${remove.join(', ')}`}`;
      const names = `${expression} ${when ?? ''}`.matchAll(/#(\w+)/g);
      const command = new UpdateItemCommand({
        ...key(sk),
        UpdateExpression: expression,
        ...(when === undefined ? {} : { ConditionExpression: when }),
        ExpressionAttributeNames: Object.fromEntries([...names].map(([placeholder, name = '']) => [placeholder, name])),
        ExpressionAttributeValues: marshall(
          Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
        ),
        ReturnValues: 'ALL_NEW',
      });
      const answer = await conditionally(() => table.client.send(command, callOptions(deadline)));
      return answer === 'refused' ? answer : (answer.Attributes ?? {});
    },
  };
}
