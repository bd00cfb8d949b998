import { request } from 'node:http';
import { connect } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, ListArchivesCommand, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await startGateway({ clock: { now: () => 1_000 } });
});
afterEach(() => gateway.close());

describe('with nothing but the environment set', () => {
  const given = { ...process.env };
  beforeEach(() => {
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: gateway.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
    });
  });
  afterEach(() => {
    process.env = given;
  });

  it('serves DynamoDB, EventBridge, Secrets Manager and S3 on one port, and logs each request', async () => {
    gateway.secrets.create('credential', 'value');
    gateway.s3.createBucket('claims');

    await expect(new DynamoDBClient({}).send(new ListTablesCommand({}))).resolves.toMatchObject({ TableNames: [] });
    await expect(
      new EventBridgeClient({}).send(
        new PutEventsCommand({ Entries: [{ Source: 'a', DetailType: 'b', Detail: '{}' }] }),
      ),
    ).resolves.toMatchObject({ FailedEntryCount: 0 });
    await expect(
      new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: 'credential' })),
    ).resolves.toMatchObject({ SecretString: 'value' });
    const s3 = new S3Client({});
    await s3.send(new PutObjectCommand({ Bucket: 'claims', Key: 'k', Body: 'text' }));
    const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: 'claims', Key: 'k' }));
    await expect(body?.transformToString()).resolves.toBe('text');

    expect(gateway.requests).toEqual([
      { service: 'dynamodb', operation: 'ListTables', at: 1_000 },
      { service: 'events', operation: 'PutEvents', at: 1_000 },
      { service: 'secretsmanager', operation: 'GetSecretValue', at: 1_000 },
      { service: 's3', operation: 'PutObject', at: 1_000 },
      { service: 's3', operation: 'GetObject', at: 1_000 },
    ]);
  });
});

it('refuses an operation it does not serve as AWS refuses one that does not exist', async () => {
  const client = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
  await expect(client.send(new ListArchivesCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    $metadata: { httpStatusCode: 400 },
  });
});

it.each(['Kinesis_20131202.PutRecords', 'AWSEvents', 'AWSEvents.constructor', 'secretsmanager.toString'])(
  'refuses the target %s',
  async (target) => {
    await expect(post({ 'x-amz-target': target }, '{}')).resolves.toEqual({
      status: 400,
      type: 'UnknownOperationException',
    });
  },
);

it('refuses a body that is not JSON', async () => {
  await expect(post({ 'x-amz-target': 'AWSEvents.PutEvents' }, '{')).resolves.toEqual({
    status: 400,
    type: 'SerializationException',
  });
});

it.each([
  ['AWSEvents.PutEvents', '{}'],
  ['AWSEvents.PutEvents', '{"Entries":[{"Source":1}]}'],
  ['AWSEvents.PutEvents', '{"Entries":[{"Source":"a","DetailType":"b","Detail":"{}","Time":1e300}]}'],
  ['secretsmanager.GetSecretValue', '[]'],
])('refuses %s with the input %s', async (target, body) => {
  await expect(post({ 'x-amz-target': target }, body)).resolves.toEqual({ status: 400, type: 'ValidationException' });
});

it.each(['DynamoDB_20120810.ListTables', 'AWSEvents.PutEvents'])(
  'goes on serving when a client leaves in the middle of %s',
  async (target) => {
    await new Promise<void>((resolve) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write(
          `POST / HTTP/1.1\r\nhost: gateway\r\nx-amz-target: ${target}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 100\r\n\r\n{`,
          () => {
            socket.resetAndDestroy();
            resolve();
          },
        );
      });
    });
    const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
    await expect(client.send(new ListTablesCommand({}))).resolves.toMatchObject({ TableNames: [] });
    expect(gateway.requests).toEqual([{ service: 'dynamodb', operation: 'ListTables', at: 1_000 }]);
  },
);

it('takes the port it is given, and says so when that is taken', async () => {
  await expect(startGateway({ port: gateway.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

function post(headers: Record<string, string>, body: string): Promise<{ status: number | undefined; type: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(gateway.url, { method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const answer: unknown = JSON.parse(text);
        resolve({
          status: response.statusCode,
          type: typeof answer === 'object' && answer !== null && '__type' in answer ? answer.__type : undefined,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

it('tells the time by its own clock, so that a client in the same time sees no skew', async () => {
  const { headers } = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0' },
    body: '{}',
  });
  expect(headers.get('date')).toBe('Thu, 01 Jan 1970 00:00:01 GMT');
});
