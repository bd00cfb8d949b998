import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { createPutObject } from '../../lib/s3/put-object';
import { createS3Archive } from '../../lib/s3/archive';
import type { Archive } from '../../lib/ports/archive';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { createInMemoryArchive, createInMemoryBucket, type InMemoryBucket } from '../harness/in-memory-archive';
import { directly } from '../harness/in-memory-io';

const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };

const ignore = () => undefined;

let gateway: Gateway;
let client: S3Client;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  client = new S3Client({
    ...LOCAL_CLIENT,
    endpoint: gateway.url,
    forcePathStyle: true,
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  folder = mkdtempSync(join(tmpdir(), 'archive-'));
});
afterAll(async () => {
  client.destroy();
  rmSync(folder, { recursive: true });
  await gateway.close();
});

const content = fc.oneof(fc.json({ stringUnit: 'grapheme' }), fc.uint8Array());

function archives(bucket: InMemoryBucket): { readonly real: Archive; readonly inMemory: Archive } {
  const real = createS3Archive({ bucket: bucket.name, openPutObject: () => Promise.resolve(createPutObject(client)) });
  return { real, inMemory: createInMemoryArchive(bucket, directly) };
}

it("holds the simulation's archive to what lib/archive answers and keeps", async () => {
  gateway.s3.createBucket('archive');
  const bucket = createInMemoryBucket('archive');
  const { real, inMemory } = archives(bucket);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('claims/a.json.gz', 'claims/b.json.gz'),
      content,
      fc.boolean(),
      async (key, given, isFile) => {
        const path = join(folder, 'object');
        writeFileSync(path, gzipSync(given));
        const file = {
          path,
          sha256: createHash('sha256').update(given).digest('hex'),
          bytes: Buffer.byteLength(given),
        };
        const keep = (archive: Archive) =>
          isFile ? archive.putFile(key, file, deadline) : archive.put(key, given, deadline);
        expect(await keep(inMemory)).toEqual(await keep(real));
        expect(bucket.objects.get(key)).toBe(gunzipSync(gateway.s3.object('archive', key)?.body ?? '').toString());
      },
    ),
    { numRuns: 60 },
  );
});

it('and to its failures', async () => {
  const { real, inMemory } = archives({ ...createInMemoryBucket('no-bucket'), denied: true });
  const path = join(folder, 'refused');
  writeFileSync(path, gzipSync(randomBytes(10)));
  for (const keep of [
    (archive: Archive) => archive.put('k', 'text', deadline),
    (archive: Archive) => archive.putFile('k', { path, sha256: 'x', bytes: 10 }, deadline),
    (archive: Archive) => archive.putFile('k', { path: join(folder, 'missing'), sha256: 'x', bytes: 10 }, deadline),
  ]) {
    await expect(keep(real)).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
    await expect(keep(inMemory)).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
  }
});
