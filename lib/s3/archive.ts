import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { abortAfter, type Deadline } from '../domain/deadline';
import { ConnectorError, errorName } from '../domain/errors';
import type { Archive } from '../ports/archive';
import type { GzippedObject, PutObject } from './put-object';

/** Milliseconds one object in memory may take with the SDK's own retries. */
const CALL_MS = 30_000;

/** Milliseconds one file may take, all tries together. */
const FILE_MS = 120_000;

export interface S3ArchiveDeps {
  readonly bucket: string;
  /** Called once, on first use. */
  readonly openPutObject: () => Promise<PutObject>;
}

/** An S3 bucket as the archive. */
export function createS3Archive({ bucket, openPutObject }: S3ArchiveDeps): Archive {
  let opened: Promise<PutObject> | undefined;

  async function put(object: Omit<GzippedObject, 'bucket'>, atMostMs: number, deadline: Deadline): Promise<void> {
    const { abortSignal } = abortAfter(deadline, atMostMs);
    try {
      const putObject = await (opened ??= openPutObject());
      await putObject({ bucket, ...object }, abortSignal);
    } catch (error) {
      throw new ConnectorError(
        'ARCHIVE_UNAVAILABLE',
        `an object could not be written to the bucket "${bucket}" (${errorName(error)}): the function's role must allow s3:PutObject on it. Nothing is skipped: polling continues once the bucket can be written`,
        { cause: error },
      );
    }
  }

  return {
    async put(key, content, deadline) {
      const contentType = typeof content === 'string' ? 'application/json' : 'application/octet-stream';
      await put({ key, contentType, body: await promisify(gzip)(content) }, CALL_MS, deadline);
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { bucket, key, sha256, bytes: Buffer.byteLength(content) };
    },
    async putFile(key, { path, sha256, bytes }, deadline) {
      await put({ key, contentType: 'application/octet-stream', body: { path } }, FILE_MS, deadline);
      return { bucket, key, sha256, bytes };
    },
  };
}
