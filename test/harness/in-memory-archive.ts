import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { callMs } from '../../lib/domain/deadline';
import { ConnectorError } from '../../lib/domain/errors';
import type { ArchivedObject } from '../../lib/domain/quarantine';
import type { Archive } from '../../lib/ports/archive';
import type { Deadline } from '../../lib/domain/deadline';
import { NoAnswer, type Io } from './in-memory-io';

/** What a bucket holds, by key; raw bytes as the text that they are in UTF-8. */
export interface InMemoryBucket {
  readonly name: string;
  readonly objects: Map<string, string>;
  /** While true, nothing is taken. */
  denied: boolean;
}

export const createInMemoryBucket = (name = 'archive'): InMemoryBucket => ({ name, objects: new Map(), denied: false });

/** An archive whose bucket is a map. */
export function createInMemoryArchive(bucket: InMemoryBucket, io: Io): Archive {
  const unavailable = () =>
    new ConnectorError('ARCHIVE_UNAVAILABLE', `the bucket "${bucket.name}" did not take an object`);

  async function keep(
    name: string,
    object: ArchivedObject,
    text: () => string,
    atMostMs: number,
    deadline: Deadline,
  ): Promise<ArchivedObject> {
    const limitMs = callMs(deadline, atMostMs);
    try {
      return await io({ service: 'archive', name, about: object.key, writes: true, limitMs, deadline }, () => {
        if (bucket.denied) throw unavailable();
        bucket.objects.set(object.key, text());
        return object;
      });
    } catch (error) {
      throw error instanceof NoAnswer ? unavailable() : error;
    }
  }

  return {
    put: (key, content, deadline) => {
      const object = {
        bucket: bucket.name,
        key,
        sha256: createHash('sha256').update(content).digest('hex'),
        bytes: Buffer.byteLength(content),
      };
      return keep('put', object, () => Buffer.from(content).toString(), 30_000, deadline);
    },
    putFile: (key, { path, sha256, bytes }, deadline) =>
      keep(
        'put file',
        { bucket: bucket.name, key, sha256, bytes },
        () => {
          try {
            return gunzipSync(readFileSync(path)).toString();
          } catch {
            throw unavailable();
          }
        },
        120_000,
        deadline,
      ),
  };
}
