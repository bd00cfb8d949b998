import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { callMs } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { Archive } from '../ports/archive';
import type { Deadline } from '../domain/deadline';
import type { GzippedObject, PutObject } from './put-object';

/** Milliseconds one object in memory may take with the SDK's own retries. */
const CALL_MS = 30_000;

/** Milliseconds one file may take, all tries together. */
const FILE_MS = 120_000;

/** An S3 bucket as the archive. `openPutObject` is asked on first use. */
export function createS3Archive({
  bucket,
  openPutObject,
}: {
  bucket: string;
  openPutObject: () => Promise<PutObject>;
}): Archive {
  let opened: Promise<PutObject> | undefined;

  async function keep(object: Omit<GzippedObject, 'bucket'>, atMostMs: number, deadline: Deadline): Promise<void> {
    const signal = AbortSignal.timeout(callMs(deadline, atMostMs));
    try {
      await (
        await (opened ??= openPutObject())
      )({ bucket, ...object }, signal);
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown error';
      throw new ConnectorError(
        'ARCHIVE_UNAVAILABLE',
        `the bucket "${bucket}" did not take an object (${reason}): the function's role must allow s3:PutObject on it. Nothing is skipped: polling goes on once it can be written`,
        { cause: error },
      );
    }
  }

  return {
    async put(key, content, deadline) {
      const contentType = typeof content === 'string' ? 'application/json' : 'application/octet-stream';
      await keep({ key, contentType, body: await promisify(gzip)(content) }, CALL_MS, deadline);
      return {
        bucket,
        key,
        sha256: createHash('sha256').update(content).digest('hex'),
        bytes: Buffer.byteLength(content),
      };
    },
    async putFile(key, { path, sha256, bytes }, deadline) {
      await keep({ key, contentType: 'application/octet-stream', body: { path } }, FILE_MS, deadline);
      return { bucket, key, sha256, bytes };
    },
  };
}
