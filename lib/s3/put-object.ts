import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import pRetry from 'p-retry';

/** Resends of a file after failures. The SDK retries bytes by itself, but not a stream. */
const FILE_RESENDS = 2;

/** A gzipped object, in memory or in a local file. */
export interface GzippedObject {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly body: Uint8Array | { readonly path: string };
}

/** Puts an object of at most 5 GB. @throws the SDK's errors, and those of reading the file */
export type PutObject = (object: GzippedObject, signal: AbortSignal) => Promise<void>;

type Content = Pick<PutObjectCommandInput, 'Body' | 'ContentLength' | 'ChecksumCRC32'>;

export function createPutObject(client: S3Client): PutObject {
  return async ({ bucket, key, contentType, body }, signal) => {
    const object = { Bucket: bucket, Key: key, ContentType: contentType, ContentEncoding: 'gzip' };
    const put = (content: Content, abortSignal: AbortSignal) =>
      client.send(new PutObjectCommand({ ...object, ...content }), { abortSignal });
    if (!('path' in body)) {
      await put({ Body: body }, signal);
      return;
    }
    const measured = await measure(body.path);
    const putFile = async () => {
      const unreadable = new AbortController();
      const stream = createReadStream(body.path).on('error', (error) => {
        unreadable.abort(error);
      });
      try {
        await put({ Body: stream, ...measured }, AbortSignal.any([signal, unreadable.signal]));
      } finally {
        stream.destroy();
      }
    };
    await pRetry(putFile, { retries: FILE_RESENDS, minTimeout: 200, randomize: true, signal });
  };
}

/** S3 checks a file against a checksum in the header; without it the SDK would send chunks with the checksum at the end. */
async function measure(path: string): Promise<Content> {
  let length = 0;
  let checksum = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    length += chunk.length;
    checksum = crc32(chunk, checksum);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum);
  return { ContentLength: length, ChecksumCRC32: bytes.toString('base64') };
}
