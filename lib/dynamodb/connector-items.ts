import {
  GetItemCommand,
  paginateQuery,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Deadline } from '../domain/deadline';
import { callOptions, conditionally, toConnectorError, type Table } from './table';

export type Item = Record<string, AttributeValue>;

/** Part of a DynamoDB condition. `#name` is the attribute `name`, `:value` is `values.value`. */
export interface Condition {
  readonly expression: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export const itemExists: Condition = { expression: 'attribute_exists(#pk)', values: {} };

export const keyBeginsWith = (prefix: string): Condition => ({
  expression: 'begins_with(#sk, :prefix)',
  values: { prefix },
});

/** What an update does with attributes, by their names; `a.b` is the attribute `b` of the map `a`. */
export interface Update {
  /** undefined: the attribute is removed. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Only where the attribute is missing. */
  readonly initial?: Readonly<Record<string, unknown>>;
  /** Increments of numbers, new elements of sets. */
  readonly add?: Readonly<Record<string, unknown>>;
  /** The number that another attribute held before the update; 0 where it is missing. */
  readonly copy?: Readonly<Record<string, string>>;
  /** All of them must hold. */
  readonly when?: readonly Condition[];
}

export interface Query {
  readonly key?: Condition;
  readonly filter?: Condition;
  /** Sort key after which the query begins. */
  readonly after?: string;
}

/** The items of one partition. */
export interface ConnectorItems {
  get(sk: string): Promise<Item | undefined>;
  /** Writes an item unless one with this key exists. */
  putNew(sk: string, attributes: object): Promise<void>;
  write(sk: string, update: Update): Promise<'written' | 'refused'>;
  /** As `write`; returns the whole item after the update. */
  update(sk: string, update: Update): Promise<Item | 'refused'>;
  /** Items in the order of their sort keys, one page of the table at a time. */
  pages(query: Query): AsyncGenerator<Item[], void, void>;
  list(query?: Query): Promise<Item[]>;
}

/**
 * @param pk The partition's key.
 * @param errors `connector`: failures are ConnectorError STATE_UNAVAILABLE. `sdk`: they are the SDK's own.
 */
export function createConnectorItems(
  table: Table,
  pk: string,
  deadline: Deadline,
  errors: 'connector' | 'sdk' = 'connector',
): ConnectorItems {
  const TableName = table.name;
  const keyOf = (sk: string) => ({ pk: { S: pk }, sk: { S: sk } });

  async function reach<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      throw errors === 'sdk' ? error : toConnectorError(error, table);
    }
  }

  const update = (sk: string, change: Update, answer: 'ALL_NEW' | 'NONE') =>
    reach(() =>
      conditionally(() =>
        table.client.send(
          new UpdateItemCommand({ TableName, Key: keyOf(sk), ...toExpressions(change), ReturnValues: answer }),
          callOptions(deadline),
        ),
      ),
    );

  async function* pages({ key, filter, after }: Query): AsyncGenerator<Item[], void, void> {
    const partition: Condition = { expression: '#pk = :pk', values: { pk } };
    const options = callOptions(deadline);
    const query = paginateQuery(
      {
        client: table.client,
        ...(after === undefined ? {} : { startingToken: keyOf(after) }),
        // Each page may take the time of one call.
        withCommand: (command) => {
          Object.assign(options, callOptions(deadline));
          return command;
        },
      },
      {
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: allOf([partition, ...(key === undefined ? [] : [key])]),
        ...(filter === undefined ? {} : { FilterExpression: filter.expression }),
        ...toPlaceholders([partition, key, filter]),
      },
      options,
    );
    for (;;) {
      const { done, value } = await reach(() => query.next());
      if (done === true) return;
      yield value.Items ?? [];
    }
  }

  return {
    get: (sk) =>
      reach(async () => {
        const command = new GetItemCommand({ TableName, Key: keyOf(sk), ConsistentRead: true });
        return (await table.client.send(command, callOptions(deadline))).Item;
      }),
    async putNew(sk, attributes) {
      const command = new PutItemCommand({
        TableName,
        Item: marshall({ pk, sk, ...attributes }),
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      await reach(() => conditionally(() => table.client.send(command, callOptions(deadline))));
    },
    write: async (sk, change) => ((await update(sk, change, 'NONE')) === 'refused' ? 'refused' : 'written'),
    async update(sk, change) {
      const answer = await update(sk, change, 'ALL_NEW');
      return answer === 'refused' ? answer : (answer.Attributes ?? {});
    },
    pages,
    async list(query = {}) {
      const items: Item[] = [];
      for await (const page of pages(query)) items.push(...page);
      return items;
    },
  };
}

const allOf = (conditions: readonly Condition[]) => conditions.map(({ expression }) => expression).join(' AND ');

/** Names and values of the placeholders in expressions. */
function toPlaceholders(parts: readonly (Condition | undefined)[]) {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  for (const part of parts) {
    for (const placeholder of part?.expression.match(/#\w+/g) ?? []) names[placeholder] = placeholder.slice(1);
    for (const [name, value] of Object.entries(part?.values ?? {})) values[`:${name}`] = value;
  }
  return {
    ExpressionAttributeNames: names,
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: marshall(values) }),
  };
}

function toExpressions({ set = {}, initial = {}, add = {}, copy = {}, when = [] }: Update) {
  const clauses: Record<'SET' | 'REMOVE' | 'ADD', string[]> = { SET: [], REMOVE: [], ADD: [] };
  const values: Record<string, unknown> = { ...initial, ...add };
  for (const [name, value] of Object.entries(set)) {
    const path = `#${name.replaceAll('.', '.#')}`;
    const placeholder = name.replaceAll('.', '_');
    if (value === undefined) {
      clauses.REMOVE.push(path);
      continue;
    }
    clauses.SET.push(`${path} = :${placeholder}`);
    values[placeholder] = value;
  }
  for (const name of Object.keys(initial)) clauses.SET.push(`#${name} = if_not_exists(#${name}, :${name})`);
  for (const [name, from] of Object.entries(copy)) {
    clauses.SET.push(`#${name} = if_not_exists(#${from}, :${name})`);
    values[name] = 0;
  }
  for (const name of Object.keys(add)) clauses.ADD.push(`#${name} :${name}`);
  const expression = Object.entries(clauses)
    .flatMap(([verb, changes]) => (changes.length === 0 ? [] : `${verb} ${changes.join(', ')}`))
    .join(' ');
  return {
    UpdateExpression: expression,
    ...(when.length === 0 ? {} : { ConditionExpression: allOf(when) }),
    ...toPlaceholders([{ expression, values }, ...when]),
  };
}
