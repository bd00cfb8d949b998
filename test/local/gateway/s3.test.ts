import { gzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';

let gateway: Gateway;
let client: S3Client;
beforeEach(async () => {
  gateway = await startGateway();
  gateway.s3.createBucket('claims');
  client = new S3Client({ ...LOCAL_CLIENT, endpoint: gateway.url, maxAttempts: 1 });
});
afterEach(() => gateway.close());

it('gives back the bytes and what was said about them', async () => {
  const Body = gzipSync('{"a":1}');
  const key = 'claims/prod/2026-11-22/ä b+c?d#e%2F.json.gz';
  const put = await client.send(
    new PutObjectCommand({
      Bucket: 'claims',
      Key: key,
      Body,
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
      Metadata: { sha256: 'abc' },
    }),
  );

  const got = await client.send(new GetObjectCommand({ Bucket: 'claims', Key: key }));
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(Body);
  expect(got).toMatchObject({
    ContentType: 'application/json',
    ContentEncoding: 'gzip',
    ContentLength: Body.length,
    Metadata: { sha256: 'abc' },
    ETag: put.ETag,
  });

  expect(gateway.s3.keys('claims')).toEqual([key]);
  expect(gateway.s3.object('claims', key)?.body).toEqual(Body);
});

it('replaces an object', async () => {
  for (const Body of ['first', 'second']) await client.send(new PutObjectCommand({ Bucket: 'claims', Key: 'k', Body }));
  expect(gateway.s3.object('claims', 'k')?.body.toString()).toBe('second');
});

it('refuses bytes that are not those of the checksum', async () => {
  await expect(
    client.send(new PutObjectCommand({ Bucket: 'claims', Key: 'k', Body: 'text', ChecksumCRC32: 'AAAAAA==' })),
  ).rejects.toMatchObject({ name: 'BadDigest' });
  expect(gateway.s3.keys('claims')).toEqual([]);
});

it('knows only the buckets that were made', async () => {
  await expect(client.send(new PutObjectCommand({ Bucket: 'other', Key: 'k', Body: 'text' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(client.send(new GetObjectCommand({ Bucket: 'other', Key: 'k' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
});

it('knows only the objects that were put', async () => {
  await expect(client.send(new GetObjectCommand({ Bucket: 'claims', Key: 'k' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
    $metadata: { httpStatusCode: 404 },
  });
});

it('refuses what it does not serve', async () => {
  await expect(client.send(new ListObjectsV2Command({ Bucket: 'claims' }))).rejects.toMatchObject({
    name: 'NotImplemented',
  });
});
