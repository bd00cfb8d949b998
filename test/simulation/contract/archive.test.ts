import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { gunzipSync } from 'node:zlib';
import { createPutObject } from '../../../lib/archive/put-object';
import { createS3Archive } from '../../../lib/archive/s3-archive';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../../local/gateway/server';
import { createInMemoryArchive, createInMemoryBucket } from '../../support/in-memory-archive';
import { directly } from '../../support/in-memory-io';

const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };

let gateway: Gateway;
let client: S3Client;
beforeAll(async () => {
  gateway = await startGateway();
  client = new S3Client({ ...LOCAL_CLIENT, endpoint: gateway.url, forcePathStyle: true });
});
afterAll(async () => {
  client.destroy();
  await gateway.close();
});

it('holds the simulation\'s archive to what lib/archive answers and keeps', async () => {
  gateway.s3.createBucket('archive');
  const bucket = createInMemoryBucket('archive');
  const real = createS3Archive({ bucket: 'archive', openPutObject: () => Promise.resolve(createPutObject(client)) });
  const inMemory = createInMemoryArchive(bucket, directly);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('claims/a.json.gz', 'claims/b.json.gz'), fc.json({ stringUnit: 'grapheme' }), async (key, json) => {
      expect(await inMemory.put(key, json, deadline)).toEqual(await real.put(key, json, deadline));
      expect(bucket.objects.get(key)).toBe(gunzipSync(gateway.s3.object('archive', key)?.body ?? '').toString());
    }),
    { numRuns: 30 },
  );
});
