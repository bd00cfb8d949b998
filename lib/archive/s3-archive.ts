import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ConnectorError } from '../connector/errors';
import type { Archive } from '../connector/ports';
import type { PutObject } from './put-object';

/** Milliseconds one object may take with the SDK's own retries. */
const CALL_MS = 30_000;

/** An S3 bucket as the archive. `openPutObject` is asked on first use. */
export function createS3Archive({ bucket, openPutObject }: { bucket: string; openPutObject: () => Promise<PutObject> }): Archive {
  let opened: Promise<PutObject> | undefined;
  return {
    async put(key, json, deadline) {
      const body = await promisify(gzip)(json);
      const signal = AbortSignal.timeout(Math.max(1, Math.min(CALL_MS, deadline.remaining())));
      try {
        await (await (opened ??= openPutObject()))({ bucket, key, body }, signal);
      } catch (error) {
        const reason = error instanceof Error ? error.name : 'unknown error';
        throw new ConnectorError('ARCHIVE_UNAVAILABLE', `the bucket "${bucket}" did not take an object (${reason}): the function's role must allow s3:PutObject on it. Nothing is skipped: polling goes on once it can be written`, { cause: error });
      }
      return { bucket, key, sha256: createHash('sha256').update(json).digest('hex'), bytes: Buffer.byteLength(json) };
    },
  };
}
