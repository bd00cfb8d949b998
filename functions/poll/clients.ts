import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createS3Archive } from '../../lib/s3/archive';
import { createEventBridgeBus } from '../../lib/eventbridge/event-bus';
import type { StateOutage } from '../../lib/poll/state-outage';
import type { PollSettings } from '../../lib/contract/settings';
import { createCredentialStore } from '../../lib/secrets-manager/credential-store';
import { createStateStore } from '../../lib/dynamodb/state-store';
import { createTailscale } from '../../lib/tailscale/audit-log';
import { metricsOf } from '../../lib/telemetry/metrics';
import { createTelemetry } from '../../lib/telemetry/telemetry';

/** Milliseconds. A healthy service connects in 10 and answers in 100; the SDK's default is to wait for ever. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000 };

/** Everything a tick works with. Made once per sandbox: clients, credentials and tokens are kept across invocations. */
export function wire(settings: PollSettings) {
  const clock = { now: Date.now };
  const telemetry = createTelemetry({ logger: new Logger({ serviceName: 'poll' }), metricsOf });
  const credentials = createCredentialStore({ client: new SecretsManagerClient({ requestHandler }), clock });
  return {
    clock,
    telemetry,
    credentials,
    openAuditLog: createTailscale({
      apiUrl: settings.apiUrl,
      credentials,
      clock,
      random: Math.random,
      logger: telemetry,
    }),
    state: createStateStore({
      table: { client: new DynamoDBClient({ requestHandler }), name: settings.tableName },
      clock,
      newCommitId: randomUUID,
      newIdKey: () => randomBytes(32).toString('hex'),
    }),
    outages: new Map<string, StateOutage>(),
    bus: createEventBridgeBus({ client: new EventBridgeClient({ requestHandler }), busName: settings.busName }),
    archive: createS3Archive({
      bucket: settings.archiveBucket,
      // Few runs write to it: the S3 client lies in a file of its own, which every other cold start is spared.
      openPutObject: async () => (await import('./archive-client.js')).openPutObject(),
    }),
    newRunId: randomUUID,
    nextTurn: setImmediate,
    overlapMinutes: settings.overlapMinutes,
    severityProfile: settings.severityProfile,
    expectedActivity: settings.expectedActivity,
  };
}
