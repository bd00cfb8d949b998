import { randomUUID } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import type { PollSettings } from '../../lib/contract/settings';
import { createBackfillStore } from '../../lib/dynamodb/backfill-store';
import { createQuarantine } from '../../lib/dynamodb/quarantine';
import { createS3Archive } from '../../lib/s3/archive';
import { createS3ArchiveReader } from '../../lib/s3/archive-reader';
import { createPutObject } from '../../lib/s3/put-object';
import { parseKeptRecord } from '../../lib/tailscale/answer/record';
import { createCommonClients } from '../common/clients';

/** Milliseconds. An object has a few megabytes at most. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 15_000 };

export function createClients(settings: PollSettings) {
  const common = createCommonClients(settings, 'backfill');
  const { table, clock } = common;
  const client = new S3Client({ requestHandler });
  const openPutObject = () => Promise.resolve(createPutObject(client));
  return {
    ...common,
    openBackfills: createBackfillStore({ table, clock, newCommitId: randomUUID }),
    openQuarantine: createQuarantine({ table, clock }),
    archive: {
      ...createS3Archive({ bucket: settings.archiveBucket, openPutObject }),
      ...createS3ArchiveReader({ client }),
    },
    parseRecord: parseKeptRecord,
  };
}
