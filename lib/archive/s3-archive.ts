import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ConnectorError } from '../connector/errors';
import type { Archive } from '../connector/ports';

/** Milliseconds one object may take with the SDK's own retries. */
const CALL_MS = 30_000;

/** An S3 bucket as the archive. */
export function createS3Archive({ client, bucket }: { client: S3Client; bucket: string }): Archive {
  return {
    async put(key, json, deadline) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: await promisify(gzip)(json),
        ContentType: 'application/json',
        ContentEncoding: 'gzip',
      });
      try {
        await client.send(command, { abortSignal: AbortSignal.timeout(Math.max(1, Math.min(CALL_MS, deadline.remaining()))) });
      } catch (error) {
        const reason = error instanceof Error ? error.name : 'unknown error';
        throw new ConnectorError('ARCHIVE_UNAVAILABLE', `the bucket "${bucket}" did not take an object (${reason}): the function's role must allow s3:PutObject on it. Nothing is skipped: polling goes on once it can be written`, { cause: error });
      }
      return { bucket, key, sha256: createHash('sha256').update(json).digest('hex'), bytes: Buffer.byteLength(json) };
    },
  };
}
