import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { ExpectedActivity } from '../lib/contract/expected-activity';
import { EVENT_SOURCE, TABLE_KEY } from '../lib/contract/names';
import { ENV } from '../lib/contract/settings';
import { POLL_MEMORY_MIB, POLL_PERIOD_SECONDS, POLL_TIMEOUT_SECONDS } from '../lib/contract/timing';
import { createArchive } from './archive';
import { BackfillWorkflow } from './backfill-workflow';
import { ConnectorFunction } from './connector-function';
import { ConnectorMonitoring } from './connector-monitoring';
import type { ConnectorOptions, SecretReference } from './options';
import { allowBackfill, allowPoll, secretArnByName } from './permissions';
import { connectorsVariable, parseSettings } from './settings';

export interface TailscaleAuditConnectorProps extends ConnectorOptions {
  /** Folder of the built functions: `poll/index.js` and `backfill/index.js`. @default dist/functions of this package */
  readonly bundlePath?: string;
}

/** Seconds: Lambda's maximum, because no next tick continues a manual invocation. */
const BACKFILL_TIMEOUT_SECONDS = 900;
const BACKFILL_MEMORY_MIB = 512;

/**
 * Publishes the audit logs of one or more tailnets on an EventBridge bus, every five minutes.
 *
 * State, archive and secrets are kept when the stack is deleted: they hold the published ids and the quarantined events.
 *
 * @throws InvalidInput listing every problem of the options at once.
 */
export class TailscaleAuditConnector extends Construct {
  /** Runs every five minutes, for each connector. */
  readonly poll: ConnectorFunction;
  /** Runs only when an operator or the workflow invokes it. */
  readonly backfill: ConnectorFunction;
  /** Runs long backfills when an operator starts it. */
  readonly backfillWorkflow: BackfillWorkflow;
  /** The bus with the events, to add rules to. */
  readonly eventBus: EventBus | IEventBus;
  readonly table: Table;
  /** Events that are too large for EventBridge, and events that it rejected. */
  readonly archive: Bucket;
  readonly connectorIds: readonly string[];
  readonly expectedActivity: readonly ExpectedActivity[];
  /** ARNs of the new secrets by connector id: they are empty until the operator stores the credentials. */
  readonly emptySecrets: ReadonlyMap<string, string>;
  /** Empty if monitoring is off. */
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: TailscaleAuditConnectorProps = {}) {
    super(scope, id);
    const { bundlePath = join(packageRoot(), 'dist', 'functions'), ...options } = props;
    const settings = parseSettings(options);
    const credentials = settings.connectors.map((connector) => ({
      ...connector,
      ...this.credentialOf(connector.id, connector.secret),
    }));
    const connectorIds = settings.connectors.map((connector) => connector.id);
    const { busArn, busName = 'tailscale-audit' } = settings;

    this.connectorIds = connectorIds;
    this.expectedActivity = settings.expectedActivity;
    this.emptySecrets = new Map(
      credentials.filter((one) => one.secret === undefined).map((one) => [one.id, one.secretId]),
    );
    this.table = this.createTable();
    this.archive = createArchive(this, 'Archive');
    this.eventBus =
      busArn === undefined
        ? new EventBus(this, 'Bus', { eventBusName: busName, description: 'Administrative audit events of Tailscale' })
        : EventBus.fromEventBusArn(this, 'Bus', busArn);

    const shared = {
      logRetention: settings.logRetentionDays,
      environment: {
        [ENV.connectors]: connectorsVariable(credentials),
        [ENV.tableName]: this.table.tableName,
        [ENV.busName]: busArn ?? this.eventBus.eventBusName,
        [ENV.archiveBucket]: this.archive.bucketName,
        [ENV.apiUrl]: settings.apiUrl,
        [ENV.overlapMinutes]: String(settings.overlapMinutes),
        [ENV.severityProfile]: settings.severityProfile,
        ...(settings.expectedActivity.length === 0
          ? {}
          : { [ENV.expectedActivity]: JSON.stringify(settings.expectedActivity) }),
        [ENV.logLevel]: settings.logLevel,
      },
    };
    this.poll = new ConnectorFunction(this, 'Poll', {
      ...shared,
      description: 'Tailscale audit log to EventBridge: reads the audit logs and publishes their events',
      bundle: join(bundlePath, 'poll'),
      timeoutSeconds: POLL_TIMEOUT_SECONDS,
      memoryMib: POLL_MEMORY_MIB,
      maxEventAgeSeconds: POLL_PERIOD_SECONDS,
    });
    this.backfill = new ConnectorFunction(this, 'Backfill', {
      ...shared,
      description: 'Tailscale audit log to EventBridge: publishes a past range or quarantined events on request',
      bundle: join(bundlePath, 'backfill'),
      timeoutSeconds: BACKFILL_TIMEOUT_SECONDS,
      memoryMib: BACKFILL_MEMORY_MIB,
    });
    this.backfillWorkflow = new BackfillWorkflow(this, 'Workflow', {
      function: this.backfill.function,
      logRetention: settings.logRetentionDays,
    });
    const reach = {
      connectorIds,
      secretArns: credentials.map((one) => one.secretArn),
      keyArns: [...new Set(credentials.flatMap((one) => one.secret?.keyArn ?? []))],
      tableArn: this.table.tableArn,
      eventBusArn: this.eventBus.eventBusArn,
      archive: this.archive,
    };
    allowPoll(this.poll.role, reach);
    allowBackfill(this.backfill.role, reach);
    if (this.eventBus instanceof EventBus) denyOthers(this.eventBus, [this.poll.role, this.backfill.role]);
    for (const connector of connectorIds) this.scheduleTicks(connector);
    this.alarms =
      settings.monitoring === false
        ? []
        : new ConnectorMonitoring(this, 'Monitoring', { connectorIds, ...settings.monitoring }).alarms;
  }

  private createTable(): Table {
    return new Table(this, 'State', {
      partitionKey: { name: TABLE_KEY.partition, type: AttributeType.STRING },
      sortKey: { name: TABLE_KEY.sort, type: AttributeType.STRING },
      timeToLiveAttribute: TABLE_KEY.expiry,
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** The secret's id for the function, and its ARN for the policy. */
  private credentialOf(
    connector: string,
    reference: SecretReference | undefined,
  ): { secretId: string; secretArn: string } {
    if (reference?.name !== undefined)
      return { secretId: reference.name, secretArn: secretArnByName(this, reference.name) };
    const arn = reference?.arn ?? this.createEmptySecret(connector).ref;
    return { secretId: arn, secretArn: arn };
  }

  /** A CfnSecret, because the `Secret` construct always sets a value. */
  private createEmptySecret(connector: string): CfnSecret {
    const secret = new CfnSecret(this, `Secret-${connector}`, {
      description: `Tailscale credential of the connector ${connector}: {"apiKey":"..."} or {"clientId":"...","clientSecret":"..."}`,
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Tailscale API keys and OAuth clients are created in the admin console, so no rotation function can replace them. ' +
        'put-secret-value alone rotates the value.',
    });
    return secret;
  }

  private scheduleTicks(connector: string): void {
    new Rule(this, `Every5Minutes-${connector}`, {
      description: `Polls the audit log of the connector ${connector}`,
      schedule: Schedule.rate(Duration.seconds(POLL_PERIOD_SECONDS)),
      targets: [
        new LambdaFunction(this.poll.function, {
          event: RuleTargetInput.fromObject({ action: 'poll', connector }),
          retryAttempts: 2,
          maxEventAge: Duration.seconds(POLL_PERIOD_SECONDS),
        }),
      ],
    });
  }
}

/** Denies PutEvents with our event source to every other principal. */
function denyOthers(bus: EventBus, roles: readonly Role[]): void {
  bus.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OnlyTheConnectorSpeaksForTailscale',
      effect: Effect.DENY,
      principals: [new StarPrincipal()],
      actions: ['events:PutEvents'],
      resources: [bus.eventBusArn],
      conditions: {
        StringEquals: { 'events:source': EVENT_SOURCE },
        ArnNotEquals: { 'aws:PrincipalArn': roles.map((role) => role.roleArn) },
        // An AWS service has no principal ARN, which "ArnNotEquals" would match: without this, archive replays would be denied.
        Bool: { 'aws:PrincipalIsAWSService': 'false' },
      },
    }),
  );
}

/** The nearest folder at or above this file with a package.json: the clone, or the installed package. */
export function packageRoot(from: string = __dirname): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from)
    throw new Error('No package.json above the construct: set bundlePath, the folder of the built functions.');
  return packageRoot(parent);
}
