import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';
import { createTable } from '../../../local/gateway/table';

const key = { pk: { S: 'TN#prod' }, sk: { S: 'STATE' } };
const clientOf = (gateway: Gateway) => new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });

describe('in memory', () => {
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await createTable(gateway.url, 'state');
  });
  afterEach(() => gateway.close());

  it('makes a table that can be used at once', async () => {
    const { Table: table } = await clientOf(gateway).send(new DescribeTableCommand({ TableName: 'state' }));
    expect(table).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    });
  });

  it('leaves a table alone that is there already', async () => {
    await clientOf(gateway).send(new PutItemCommand({ TableName: 'state', Item: { ...key, wm: { N: '5' } } }));
    await createTable(gateway.url, 'state');
    await expect(clientOf(gateway).send(new GetItemCommand({ TableName: 'state', Key: key }))).resolves.toMatchObject({
      Item: { wm: { N: '5' } },
    });
  });

  it('holds a write to its condition', async () => {
    const client = clientOf(gateway);
    const write = () =>
      client.send(
        new PutItemCommand({ TableName: 'state', Item: key, ConditionExpression: 'attribute_not_exists(pk)' }),
      );
    await write();
    await expect(write()).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  });

  it('lets exactly one of many writers at once through a condition', async () => {
    const client = clientOf(gateway);
    const writes = Array.from({ length: 20 }, (_, owner) =>
      client.send(
        new PutItemCommand({
          TableName: 'state',
          Item: { ...key, owner: { N: String(owner) } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    const settled = await Promise.allSettled(writes);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'gateway-')), 'not', 'there', 'yet');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('still has the items after a restart', async () => {
    const first = await startGateway({ path: folder });
    await createTable(first.url, 'state');
    await clientOf(first).send(new PutItemCommand({ TableName: 'state', Item: { ...key, wm: { N: '7' } } }));
    await first.close();

    const second = await startGateway({ path: folder });
    await createTable(second.url, 'state');
    await expect(clientOf(second).send(new GetItemCommand({ TableName: 'state', Key: key }))).resolves.toMatchObject({
      Item: { wm: { N: '7' } },
    });
    await second.close();
  });

  it('refuses a folder that another run is using, and the other run goes on', async () => {
    const first = await startGateway({ path: folder });
    await createTable(first.url, 'state');
    await expect(startGateway({ path: folder })).rejects.toThrow(/does no other run use it\?/);
    await expect(
      clientOf(first).send(new GetItemCommand({ TableName: 'state', Key: key })),
    ).resolves.not.toHaveProperty('Item');
    await first.close();
  });
});

it('ends a write that is under way before it closes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  const first = await startGateway({ path: folder });
  await createTable(first.url, 'state');
  const arrived = new Promise<void>((resolve) => {
    first.intercept(() => {
      // After this turn the request has been handed to the tables.
      setImmediate(resolve);
      return undefined;
    });
  });
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: first.url, maxAttempts: 1 });
  const write = client.send(new PutItemCommand({ TableName: 'state', Item: key })).catch(() => 'unanswered');
  await arrived;
  await first.close();
  await write;

  const second = await startGateway({ path: folder });
  await expect(clientOf(second).send(new GetItemCommand({ TableName: 'state', Key: key }))).resolves.toMatchObject({
    Item: key,
  });
  await second.close();
  await rm(folder, { recursive: true });
});
