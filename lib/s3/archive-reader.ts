import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { GetObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import { callMs } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { ArchivedObject } from '../domain/quarantine';
import type { Deadline } from '../domain/deadline';

/** Milliseconds one object may take with the SDK's own retries. */
const CALL_MS = 30_000;

/** What became of an object that was put into the archive. */
export type Kept =
  | { readonly state: 'intact'; readonly json: string }
  /** It is gone, or may not be read: to a caller that may not list the bucket S3 answers both alike. */
  | { readonly state: 'missing' }
  /** It is not what was put. */
  | { readonly state: 'altered' };

/** Reads from the archive what was put into it. */
export interface ArchiveReader {
  /** @throws ConnectorError ARCHIVE_UNAVAILABLE. */
  read(object: ArchivedObject, deadline: Deadline): Promise<Kept>;
}

/** S3 as the archive, for reading. The bucket is the one that the object names. */
export function createS3ArchiveReader({ client }: { client: S3Client }): ArchiveReader {
  async function get({ bucket, key }: ArchivedObject, deadline: Deadline): Promise<Uint8Array | undefined> {
    const abortSignal = AbortSignal.timeout(callMs(deadline, CALL_MS));
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof S3ServiceException && MISSING.has(error.name)) return undefined;
      const reason = error instanceof Error ? error.name : 'unknown error';
      throw new ConnectorError(
        'ARCHIVE_UNAVAILABLE',
        `the bucket "${bucket}" could not be read (${reason}); nothing was sent twice, try again`,
        { cause: error },
      );
    }
  }

  return {
    async read(object, deadline) {
      const zipped = await get(object, deadline);
      if (zipped === undefined) return { state: 'missing' };
      const json = await unzip(zipped, object.bytes);
      return json !== undefined && createHash('sha256').update(json).digest('hex') === object.sha256
        ? { state: 'intact', json: json.toString('utf8') }
        : { state: 'altered' };
    },
  };
}

const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'AccessDenied']);

/** undefined: it is no gzip, or more than was put. */
async function unzip(zipped: Uint8Array, bytes: number): Promise<Buffer | undefined> {
  try {
    return await promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip)(zipped, {
      maxOutputLength: Math.max(1, bytes),
    });
  } catch {
    return undefined;
  }
}
