import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createJobReader, type JobReader } from '../../lib/operator/backfill-progress';
import { LOCAL_CLIENT } from './local-client';

/** Milliseconds one call may take. */
const PATIENCE = { remaining: () => 10_000, untilNear: () => 10_000, isNear: () => false, isOver: () => false };

/** Reads how far a backfill on this gateway is. */
export function openBackfillProgress(url: string, name: string): JobReader {
  return createJobReader({
    table: { client: new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: url }), name },
    deadline: PATIENCE,
  });
}
