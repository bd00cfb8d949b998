import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** Puts a gzipped JSON object. Fails with the SDK's own errors. */
export type PutObject = (object: { readonly bucket: string; readonly key: string; readonly body: Uint8Array }, signal: AbortSignal) => Promise<void>;

export function createPutObject(client: S3Client): PutObject {
  return async ({ bucket, key, body }, signal) => {
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/json', ContentEncoding: 'gzip' });
    await client.send(command, { abortSignal: signal });
  };
}
