import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { GetObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import { abortAfter, type Deadline } from '../domain/deadline';
import { ConnectorError, errorName } from '../domain/errors';
import type { ArchivedObject } from '../domain/quarantine';

/** Milliseconds one object may take with the SDK's own retries. */
const CALL_MS = 30_000;

/** What is in the archive for an object that was put into it. */
export type Kept =
  | { readonly state: 'intact'; readonly json: string }
  /** It is gone or may not be read: without permission to list the bucket, S3 answers both alike. */
  | { readonly state: 'missing' }
  /** It has other content. */
  | { readonly state: 'altered' };

export interface ArchiveReader {
  /** @throws ConnectorError ARCHIVE_UNAVAILABLE */
  read(object: ArchivedObject, deadline: Deadline): Promise<Kept>;
}

/** Reads objects of the archive, each from the bucket that it names. */
export function createS3ArchiveReader({ client }: { client: S3Client }): ArchiveReader {
  async function get({ bucket, key }: ArchivedObject, deadline: Deadline): Promise<Uint8Array | undefined> {
    const limit = abortAfter(deadline, CALL_MS);
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), limit);
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof S3ServiceException && ['NoSuchKey', 'AccessDenied'].includes(error.name)) return undefined;
      throw new ConnectorError(
        'ARCHIVE_UNAVAILABLE',
        `the bucket "${bucket}" could not be read (${errorName(error)}); nothing was sent twice, try again`,
        { cause: error },
      );
    }
  }

  return {
    async read(object, deadline) {
      const zipped = await get(object, deadline);
      if (zipped === undefined) return { state: 'missing' };
      const json = await unzip(zipped, object.bytes).catch(() => undefined);
      return json !== undefined && createHash('sha256').update(json).digest('hex') === object.sha256
        ? { state: 'intact', json: json.toString('utf8') }
        : { state: 'altered' };
    },
  };
}

/** @throws when it is not gzip, or has more than `bytes` */
function unzip(zipped: Uint8Array, bytes: number): Promise<Buffer> {
  const maxOutputLength = Math.max(1, bytes);
  return promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip)(zipped, { maxOutputLength });
}
