import { join } from 'node:path';
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
import { packageRoot } from './package-root';
import { allowBackfill, allowPoll, secretArnByName } from './permissions';
import { connectorsVariable, parseSettings } from './settings';

export interface TailscaleAuditConnectorProps extends ConnectorOptions {
  /** Folder of the built functions: `poll/index.js` and `backfill/index.js`. @default dist/functions of this package */
  readonly bundlePath?: string;
}

/** Seconds. As long as Lambda allows: what is asked for by hand has no next tick. */
const BACKFILL_TIMEOUT_SECONDS = 900;

/** MiB. */
const BACKFILL_MEMORY_MIB = 512;

/**
 * Brings the audit logs of one or more tailnets onto an EventBridge bus, every five minutes.
 *
 * State, archive and secrets outlive the stack: without them a new one could not tell what was already published, and
 * what was set aside would be gone.
 *
 * @throws InvalidInput listing every problem of the options at once.
 */
export class TailscaleAuditConnector extends Construct {
  /** Runs every five minutes, for each connector. */
  readonly poll: ConnectorFunction;
  /** Runs only when it is invoked by hand. */
  readonly backfill: ConnectorFunction;
  /** Runs long backfills through that function, when it is started by hand. */
  readonly backfillWorkflow: BackfillWorkflow;
  /** Where the events go: put rules on it. */
  readonly eventBus: EventBus | IEventBus;
  readonly table: Table;
  /** Claims and quarantine: events that were too large for the bus, or that it would not take. */
  readonly archive: Bucket;
  readonly connectorIds: readonly string[];
  readonly expectedActivity: readonly ExpectedActivity[];
  /** ARNs of the secrets made here, by connector id: each is empty until its value is put in. */
  readonly emptySecrets: ReadonlyMap<string, string>;
  /** Empty when monitoring is off. */
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
      description:
        'Tailscale audit log to EventBridge: reads the audit logs of its tailnets and puts them on one event bus',
      bundle: join(bundlePath, 'poll'),
      timeoutSeconds: POLL_TIMEOUT_SECONDS,
      memoryMib: POLL_MEMORY_MIB,
      maxEventAgeSeconds: POLL_PERIOD_SECONDS,
    });
    this.backfill = new ConnectorFunction(this, 'Backfill', {
      ...shared,
      description:
        'Tailscale audit log to EventBridge: by hand, puts a past range or quarantined events on the event bus',
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

  /** The secret as the function asks for it, and the ARN it is allowed to read. */
  private credentialOf(
    connector: string,
    reference: SecretReference | undefined,
  ): { secretId: string; secretArn: string } {
    if (reference?.name !== undefined)
      return { secretId: reference.name, secretArn: secretArnByName(this, reference.name) };
    const arn = reference?.arn ?? this.createEmptySecret(connector).ref;
    return { secretId: arn, secretArn: arn };
  }

  /** Level 1, because the level 2 construct always puts in a value, here or at random: this one is nobody's but the operator's. */
  private createEmptySecret(connector: string): CfnSecret {
    const secret = new CfnSecret(this, `Secret-${connector}`, {
      description: `Tailscale credential of the connector ${connector}: {"apiKey":"..."} or {"clientId":"...","clientSecret":"..."}`,
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Only a person can make a Tailscale API key or OAuth client, in the admin console: there is nothing that a rotation function could call. ' +
        'A new value needs put-secret-value and nothing else.',
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

/** Nobody else may use our event source on the bus. */
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
        // An AWS service has no principal ARN, which "not equals" would take for a stranger: archive replays go on.
        Bool: { 'aws:PrincipalIsAWSService': 'false' },
      },
    }),
  );
}
