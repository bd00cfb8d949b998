import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import pRetry from 'p-retry';

/** How often a file is sent again after a failure. The SDK sends bytes again by itself, but no stream. */
const FILE_RESENDS = 2;

/** A gzipped object, in memory or in a local file. */
export interface GzippedObject {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly body: Uint8Array | { readonly path: string };
}

/** Puts an object of at most 5 GB. Fails with the SDK's own errors, or those of reading the file. */
export type PutObject = (object: GzippedObject, signal: AbortSignal) => Promise<void>;

export function createPutObject(client: S3Client): PutObject {
  return async ({ bucket, key, contentType, body }, signal) => {
    const put = async (
      content: Pick<PutObjectCommandInput, 'Body' | 'ContentLength' | 'ChecksumCRC32'>,
      abortSignal: AbortSignal,
    ) => {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          ContentType: contentType,
          ContentEncoding: 'gzip',
          ...content,
        }),
        { abortSignal },
      );
    };
    if (!('path' in body)) return put({ Body: body }, signal);
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
    return pRetry(putFile, { retries: FILE_RESENDS, minTimeout: 200, randomize: true, signal });
  };
}

/** With a checksum in the header, S3 checks what arrives; without one the SDK would send the file in chunks, and its checksum behind them. */
async function measure(path: string): Promise<{ readonly ContentLength: number; readonly ChecksumCRC32: string }> {
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
