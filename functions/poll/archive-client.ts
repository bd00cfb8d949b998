import { S3Client } from '@aws-sdk/client-s3';
import { createPutObject, type PutObject } from '../../lib/s3/put-object';

/** Milliseconds. The SDK logs a request that takes longer; the caller's own limit ends it. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 15_000 };

/** A separate bundle. It must share no class with the handler's bundle, which has its own copy. */
export const openPutObject = (): PutObject => createPutObject(new S3Client({ requestHandler }));
