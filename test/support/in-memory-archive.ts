import { createHash } from 'node:crypto';
import { ConnectorError } from '../../lib/connector/errors';
import type { Archive } from '../../lib/connector/ports';
import { NoAnswer, type Io } from './in-memory-io';

/** What a bucket holds, by key. */
export interface InMemoryBucket {
  readonly name: string;
  readonly objects: Map<string, string>;
  /** While true, nothing is taken. */
  denied: boolean;
}

export const createInMemoryBucket = (name = 'archive'): InMemoryBucket => ({ name, objects: new Map(), denied: false });

/** An archive whose bucket is a map. */
export function createInMemoryArchive(bucket: InMemoryBucket, io: Io): Archive {
  return {
    async put(key, json, deadline) {
      const unavailable = () => new ConnectorError('ARCHIVE_UNAVAILABLE', `the bucket "${bucket.name}" did not take an object`);
      try {
        return await io({ service: 'archive', name: 'put', about: key, writes: true, limitMs: 30_000, deadline }, () => {
          if (bucket.denied) throw unavailable();
          bucket.objects.set(key, json);
          return { bucket: bucket.name, key, sha256: createHash('sha256').update(json).digest('hex'), bytes: Buffer.byteLength(json) };
        });
      } catch (error) {
        throw error instanceof NoAnswer ? unavailable() : error;
      }
    },
  };
}
