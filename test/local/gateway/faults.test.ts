import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Call } from '../../../local/gateway/faults';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';
import { createTable } from '../../../local/gateway/table';

let gateway: Gateway;
let config: typeof LOCAL_CLIENT & { endpoint: string; maxAttempts: number };
beforeEach(async () => {
  gateway = await startGateway();
  config = { ...LOCAL_CLIENT, endpoint: gateway.url, maxAttempts: 1 };
});
afterEach(() => gateway.close());

const oneEntry = new PutEventsCommand({ Entries: [{ Source: 'tailscale', DetailType: 'd', Detail: '{"n":1}' }] });

it('shows an interceptor every call with its input', async () => {
  gateway.s3.createBucket('claims');
  const calls: Call[] = [];
  gateway.intercept((call) => {
    calls.push(call);
    return undefined;
  });
  await new EventBridgeClient(config).send(oneEntry);
  await new S3Client(config).send(new PutObjectCommand({ Bucket: 'claims', Key: 'a/b', Body: 'text' }));
  expect(calls).toEqual([
    { service: 'events', operation: 'PutEvents', body: oneEntry.input },
    { service: 's3', operation: 'PutObject', body: { Bucket: 'claims', Key: 'a/b', Body: Buffer.from('text') } },
  ]);
});

it('answers in the place of the service', async () => {
  const stop = gateway.intercept(() => ({
    status: 400,
    body: { __type: 'ThrottlingException', message: 'Rate exceeded' },
  }));
  const client = new EventBridgeClient(config);
  await expect(client.send(oneEntry)).rejects.toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' });
  stop();
  await expect(client.send(oneEntry)).resolves.toMatchObject({ FailedEntryCount: 0 });
});

it('drops a connection before the service acts', async () => {
  await createTable(gateway.url, 'state');
  const client = new DynamoDBClient(config);
  const stop = gateway.intercept(({ operation }) => (operation === 'PutItem' ? 'drop-before' : undefined));
  await expect(
    client.send(new PutItemCommand({ TableName: 'state', Item: { pk: { S: 'a' }, sk: { S: 'b' } } })),
  ).rejects.toThrow('socket hang up');
  stop();
  await expect(
    client.send(new GetItemCommand({ TableName: 'state', Key: { pk: { S: 'a' }, sk: { S: 'b' } } })),
  ).resolves.not.toHaveProperty('Item');
});

it('drops a connection after the service has acted', async () => {
  await createTable(gateway.url, 'state');
  const client = new DynamoDBClient(config);
  gateway.intercept(({ operation }) => (operation === 'PutItem' ? 'drop-after' : undefined));
  await expect(
    client.send(new PutItemCommand({ TableName: 'state', Item: { pk: { S: 'a' }, sk: { S: 'b' } } })),
  ).rejects.toThrow('socket hang up');
  await expect(
    client.send(new GetItemCommand({ TableName: 'state', Key: { pk: { S: 'a' }, sk: { S: 'b' } } })),
  ).resolves.toHaveProperty('Item');
});

it('can hold a call back', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<undefined>((resolve) => {
    release = () => {
      resolve(undefined);
    };
  });
  gateway.intercept(() => held);
  let answered = false;
  const sent = new EventBridgeClient(config).send(oneEntry).then(() => (answered = true));
  while (gateway.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  release();
  await sent;
});

it('lets the first interceptor that names a fault decide, and logs the calls that met one', async () => {
  gateway.intercept(() => undefined);
  gateway.intercept(() => ({ status: 500, body: { __type: 'InternalFailure' } }));
  gateway.intercept(() => 'drop-before');
  await expect(new EventBridgeClient(config).send(oneEntry)).rejects.toMatchObject({ name: 'InternalFailure' });
  expect(gateway.requests).toHaveLength(1);
});

it('refuses single entries and lets the others through', async () => {
  gateway.events.createBus('audit');
  const seen: unknown[] = [];
  gateway.events.on('audit', null, ({ detail }) => seen.push(detail['n']));
  const stop = gateway.events.refuseEntries((entry, index) =>
    index === 1 ? { code: 'ThrottlingException', message: `not ${entry.Detail ?? ''}` } : undefined,
  );
  const command = new PutEventsCommand({
    Entries: [1, 2, 3].map((n) => ({
      EventBusName: 'audit',
      Source: 'tailscale',
      DetailType: 'd',
      Detail: JSON.stringify({ n }),
    })),
  });
  const client = new EventBridgeClient(config);

  const { FailedEntryCount: failed, Entries: entries } = await client.send(command);
  expect(failed).toBe(1);
  expect(entries?.[1]).toEqual({ ErrorCode: 'ThrottlingException', ErrorMessage: 'not {"n":2}' });
  expect(seen).toEqual([1, 3]);
  stop();
  await expect(client.send(command)).resolves.toMatchObject({ FailedEntryCount: 0 });
});
