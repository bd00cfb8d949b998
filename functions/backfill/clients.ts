import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createPutObject } from '../../lib/s3/put-object';
import { createS3Archive } from '../../lib/s3/archive';
import { createS3ArchiveReader } from '../../lib/s3/archive-reader';
import { createEventBridgeBus } from '../../lib/eventbridge/event-bus';
import type { PollSettings } from '../../lib/contract/settings';
import { createCredentialStore } from '../../lib/secrets-manager/credential-store';
import { createBackfillStore } from '../../lib/dynamodb/backfill-store';
import { createQuarantine } from '../../lib/dynamodb/quarantine';
import { createTailscale } from '../../lib/tailscale/audit-log';
import { parseKeptRecord } from '../../lib/tailscale/answer/record';
import { metricsOf } from '../../lib/telemetry/metrics';
import { createTelemetry } from '../../lib/telemetry/telemetry';

/** Milliseconds. A healthy service connects in 10 and answers in 100; the SDK's default is to wait for ever. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000 };

/** As above; an object is a few megabytes at most. */
const objectHandler = { ...requestHandler, requestTimeout: 15_000 };

/** Everything the manual door works with. Made once per sandbox. */
export function wire(settings: PollSettings) {
  const clock = { now: Date.now };
  const telemetry = createTelemetry({ logger: new Logger({ serviceName: 'backfill' }), metricsOf });
  const table = { client: new DynamoDBClient({ requestHandler }), name: settings.tableName };
  const credentials = createCredentialStore({ client: new SecretsManagerClient({ requestHandler }), clock });
  const client = new S3Client({ requestHandler: objectHandler });
  return {
    clock,
    telemetry,
    openAuditLog: createTailscale({
      apiUrl: settings.apiUrl,
      credentials,
      clock,
      random: Math.random,
      logger: telemetry,
    }),
    openBackfills: createBackfillStore({ table, clock, newCommitId: randomUUID }),
    openQuarantine: createQuarantine({ table, clock }),
    archive: {
      ...createS3Archive({
        bucket: settings.archiveBucket,
        openPutObject: () => Promise.resolve(createPutObject(client)),
      }),
      ...createS3ArchiveReader({ client }),
    },
    bus: createEventBridgeBus({ client: new EventBridgeClient({ requestHandler }), busName: settings.busName }),
    parseRecord: parseKeptRecord,
    newRunId: randomUUID,
    nextTurn: setImmediate,
    overlapMinutes: settings.overlapMinutes,
    severityProfile: settings.severityProfile,
    expectedActivity: settings.expectedActivity,
  };
}
