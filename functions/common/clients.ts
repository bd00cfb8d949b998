import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { PollSettings } from '../../lib/contract/settings';
import { createEventBridgeBus } from '../../lib/eventbridge/event-bus';
import { createCredentialStore } from '../../lib/secrets-manager/credential-store';
import { createTailscale } from '../../lib/tailscale/audit-log';
import { createTelemetry } from '../../lib/telemetry/telemetry';

/** Milliseconds. A healthy service connects in 10 and answers in 100; the SDK's default is no limit. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000 };

/** The clients and adapters that both functions use. Made once per sandbox, which keeps credentials and tokens. */
export function createCommonClients(settings: PollSettings, serviceName: string) {
  const clock = { now: Date.now };
  const telemetry = createTelemetry({ logger: new Logger({ serviceName }) });
  const credentials = createCredentialStore({ client: new SecretsManagerClient({ requestHandler }), clock });
  const { apiUrl, tableName, busName, overlapMinutes, severityProfile, expectedActivity } = settings;
  return {
    clock,
    telemetry,
    credentials,
    table: { client: new DynamoDBClient({ requestHandler }), name: tableName },
    openAuditLog: createTailscale({ apiUrl, credentials, clock, random: Math.random, logger: telemetry }),
    bus: createEventBridgeBus({ client: new EventBridgeClient({ requestHandler }), busName }),
    newRunId: randomUUID,
    nextTurn: setImmediate,
    overlapMinutes,
    severityProfile,
    expectedActivity,
  };
}
