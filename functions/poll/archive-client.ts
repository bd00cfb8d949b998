import { S3Client } from '@aws-sdk/client-s3';
import { createPutObject, type PutObject } from '../../lib/s3/put-object';

/** Milliseconds. A request that takes longer is logged; its caller's own limit ends it. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 15_000 };

/** A bundle of its own: it must share no class with the handler's, which would know its own copy only. */
export const openPutObject = (): PutObject => createPutObject(new S3Client({ requestHandler }));
