import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32, gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { createPutObject } from '../../../lib/s3/put-object';
import { createS3Archive } from '../../../lib/s3/archive';
import type { Archive } from '../../../lib/ports/archive';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../../local/gateway/server';

const MB = 1_000_000;
const ignore = () => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'put-file-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a file that is put into the archive', () => {
  let gateway: Gateway;
  let client: S3Client;
  let archive: Archive;
  let file: { path: string; sha256: string; bytes: number };
  const content = randomBytes(3 * MB);

  beforeEach(async () => {
    gateway = await startGateway();
    gateway.s3.createBucket('archive');
    client = new S3Client({ ...LOCAL_CLIENT, endpoint: gateway.url, forcePathStyle: true, logger: silent });
    archive = createS3Archive({ bucket: 'archive', openPutObject: () => Promise.resolve(createPutObject(client)) });
    file = {
      path: join(folder, 'record.gz'),
      sha256: createHash('sha256').update(content).digest('hex'),
      bytes: content.length,
    };
    writeFileSync(file.path, gzipSync(content));
  });
  afterEach(async () => {
    client.destroy();
    await gateway.close();
  });
  const isWhole = (key: string) => gateway.s3.object('archive', key)?.body.equals(gzipSync(content));
  const puts = () => gateway.requests.filter(({ operation }) => operation === 'PutObject').length;

  it('arrives byte by byte, as gzip', async () => {
    const { sha256, bytes } = file;
    await expect(archive.putFile('k', file, deadline)).resolves.toEqual({ bucket: 'archive', key: 'k', sha256, bytes });
    expect(isWhole('k')).toBe(true);
    expect(gateway.s3.object('archive', 'k')?.headers).toEqual({
      'content-encoding': 'gzip',
      'content-type': 'application/octet-stream',
    });
  });

  it.each([[{ status: 503 }], ['drop-before' as const], ['drop-after' as const]])(
    'is sent whole again after %j',
    async (fault) => {
      let faults = 2;
      gateway.intercept(({ operation }) => (operation === 'PutObject' && (faults -= 1) >= 0 ? fault : undefined));
      await archive.putFile('k', file, deadline);
      expect(isWhole('k')).toBe(true);
      expect(puts()).toBe(3);
    },
  );

  it('is given up when S3 rejects every try', async () => {
    gateway.intercept(() => ({ status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }));
    await expect(archive.putFile('k', file, deadline)).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
    expect(puts()).toBe(3);
  });

  it('leaves the last commit its time when S3 does not answer', async () => {
    gateway.intercept(() => new Promise(() => undefined));
    const endsAt = performance.now() + 1_000;
    await expect(
      archive.putFile('k', file, { ...deadline, remaining: () => Math.max(0, endsAt - performance.now()) }),
    ).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
    expect(endsAt - performance.now()).toBeGreaterThan(300);
  });

  it('that cannot be read makes only its own call fail', async () => {
    await expect(archive.putFile('k', { ...file, path: folder }, deadline)).rejects.toMatchObject({
      code: 'ARCHIVE_UNAVAILABLE',
    });
  });
});

it('sends 200 MB in flat memory, with the length and the checksum in the header', async () => {
  const path = join(folder, 'large.gz');
  const chunk = randomBytes(MB);
  await pipeline(Readable.from(Array.from({ length: 200 }, () => chunk)), createWriteStream(path));
  const received: { headers: IncomingHttpHeaders; bytes: number; checksum: number }[] = [];
  const sink = createServer((request, response) => {
    const one = { headers: request.headers, bytes: 0, checksum: 0 };
    request.on('data', (data: Buffer) => {
      one.bytes += data.length;
      one.checksum = crc32(data, one.checksum);
    });
    request.on('end', () => {
      received.push(one);
      response.end();
    });
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const { port } = sink.address() as AddressInfo;
  // A separate process, with the deployed bundle. The first object loads all code that both need.
  const script = `
    const [, bundle, path] = process.argv;
    const put = require(bundle).openPutObject();
    const object = { bucket: 'archive', key: 'k', contentType: 'application/octet-stream' };
    (async () => {
      const signal = AbortSignal.timeout(60_000);
      await put({ ...object, body: { path: bundle } }, signal);
      const before = process.resourceUsage().maxRSS;
      await put({ ...object, body: { path } }, signal);
      console.log((process.resourceUsage().maxRSS - before) / 1024);
    })();`;
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-e', script, join(__dirname, '../../../dist/functions/poll/archive-client.js'), path],
    { env },
  );
  sink.close();

  expect(Number(stdout)).toBeLessThan(60);
  const { headers, bytes, checksum } = received.at(-1) ?? { headers: {}, bytes: 0, checksum: 0 };
  expect(bytes).toBe(200 * MB);
  expect(headers).toMatchObject({ 'content-length': String(200 * MB), 'content-encoding': 'gzip' });
  expect(Buffer.from(String(headers['x-amz-checksum-crc32']), 'base64').readUInt32BE()).toBe(checksum);
}, 60_000);
