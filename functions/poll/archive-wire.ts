import { S3Client } from '@aws-sdk/client-s3';
import { createS3Archive } from '../../lib/archive/s3-archive';
import type { Archive } from '../../lib/connector/ports';

/** Milliseconds. An object is a few megabytes at most. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 15_000 };

export function openArchive(bucket: string): Archive {
  return createS3Archive({ client: new S3Client({ requestHandler }), bucket });
}
