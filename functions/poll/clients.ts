import { randomBytes, randomUUID } from 'node:crypto';
import type { PollSettings } from '../../lib/contract/settings';
import { createStateStore } from '../../lib/dynamodb/state-store';
import type { StateOutage } from '../../lib/poll/state-outage';
import { createS3Archive } from '../../lib/s3/archive';
import { createCommonClients } from '../common/clients';

export function createClients(settings: PollSettings) {
  const common = createCommonClients(settings, 'poll');
  const { table, clock } = common;
  return {
    ...common,
    state: createStateStore({
      table,
      clock,
      newCommitId: randomUUID,
      newIdKey: () => randomBytes(32).toString('hex'),
    }),
    outages: new Map<string, StateOutage>(),
    archive: createS3Archive({
      bucket: settings.archiveBucket,
      // Few runs use the archive. A second file, loaded on first use, keeps the S3 client out of every other cold start.
      openPutObject: async () => (await import('./archive-client.js')).openPutObject(),
    }),
  };
}
