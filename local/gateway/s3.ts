import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import type { Answer, Request } from './protocol';

/** An object as it was put. */
export interface StoredObject {
  readonly body: Buffer;
  /** Those of the request that describe the object, such as `content-type`, `content-encoding`, `x-amz-meta-*`; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly storedAt: Millis;
}

/** The buckets, seen from inside the process. */
export interface Buckets {
  createBucket(name: string): void;
  /** Keys in the order they were first put; empty for a bucket that is not there. */
  keys(bucket: string): string[];
  object(bucket: string, key: string): StoredObject | undefined;
}

export interface S3Call {
  /** `PutObject`, `GetObject`; anything else is not served. */
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
}

export interface S3Server {
  readonly buckets: Buckets;
  answer(call: S3Call, request: Request): Answer;
}

/** An S3 server in memory, path style, for whole objects. */
export function createS3(clock: Clock): S3Server {
  const store = new Map<string, Map<string, StoredObject>>();

  const put = (objects: Map<string, StoredObject>, key: string, request: Request) => {
    if (!isIntact(request))
      return xmlError(400, 'BadDigest', 'The checksum you specified did not match the calculated checksum.');
    objects.set(key, { body: request.body, headers: describingHeaders(request), storedAt: clock.now() });
    return { status: 200, headers: { etag: etagOf(request.body) }, body: '' };
  };

  return {
    buckets: {
      createBucket: (name) => {
        if (!store.has(name)) store.set(name, new Map());
      },
      keys: (bucket) => [...(store.get(bucket)?.keys() ?? [])],
      object: (bucket, key) => store.get(bucket)?.get(key),
    },
    answer: ({ operation, bucket, key }, request) => {
      if (!SERVED.includes(operation))
        return xmlError(501, 'NotImplemented', 'This gateway only puts and gets whole objects.');
      const objects = store.get(bucket);
      if (objects === undefined) return xmlError(404, 'NoSuchBucket', 'The specified bucket does not exist');
      if (operation === 'PutObject') return put(objects, key, request);
      const object = objects.get(key);
      return object === undefined
        ? xmlError(404, 'NoSuchKey', 'The specified key does not exist.')
        : objectAnswer(object);
    },
  };
}

const SERVED = ['PutObject', 'GetObject'];

/** Reads `/<bucket>/<key>`. Any query but the SDK's `x-id` asks for something else than the object. */
export function parseS3Call(request: Request): S3Call {
  const [, bucket = '', key = '', query = ''] = /^\/([^/?]*)\/?([^?]*)\??(.*)$/s.exec(request.url) ?? [];
  const plain = [...new URLSearchParams(query).keys()].every((name) => name === 'x-id');
  const decoded = decode(key);
  const isObjectCall = plain && decoded !== '' && !isStreamed(request);
  const operations: Readonly<Record<string, string>> = { PUT: 'PutObject', GET: 'GetObject' };
  return { operation: (isObjectCall ? operations[request.method] : undefined) ?? 'Unsupported', bucket, key: decoded };
}

function decode(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return '';
  }
}

/** The body is wrapped in chunks with signatures and trailers, which nobody here needs. */
function isStreamed(request: Request): boolean {
  return request.headers['x-amz-content-sha256']?.toString().startsWith('STREAMING-') === true;
}

function isIntact({ headers, body }: Request): boolean {
  const checksum = headers['x-amz-checksum-crc32'];
  const md5 = headers['content-md5'];
  return (
    (checksum === undefined || checksum === crc32Of(body)) &&
    (md5 === undefined || md5 === createHash('md5').update(body).digest('base64'))
  );
}

function describingHeaders({ headers }: Request): Record<string, string> {
  const kept = ['content-type', 'content-encoding', 'content-disposition', 'cache-control'];
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && (kept.includes(name) || name.startsWith('x-amz-meta-')) ? [[name, value]] : [],
    ),
  );
}

function objectAnswer({ body, headers, storedAt }: StoredObject): Answer {
  return {
    status: 200,
    headers: {
      ...headers,
      etag: etagOf(body),
      'last-modified': new Date(storedAt).toUTCString(),
      'x-amz-checksum-crc32': crc32Of(body),
    },
    body,
  };
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

/** Base64 of the four bytes, the most significant first, as S3 writes it. */
function crc32Of(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}

function xmlError(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}
