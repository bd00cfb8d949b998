import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement, Role, ServicePrincipal, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { EVENT_SOURCE, TABLE_KEY } from '../lib/contract/names';
import { ENV } from '../lib/contract/settings';
import { POLL_MEMORY_MIB, POLL_PERIOD_SECONDS, POLL_TIMEOUT_SECONDS } from '../lib/contract/timing';
import { acknowledgeObjectsOf, createArchive, objectsOf } from './archive';
import { ConnectorMonitoring } from './connector-monitoring';
import type { ConnectorOptions, SecretReference } from './options';
import { packageRoot } from './package-root';
import { pollStatements, secretArnByName } from './poll-permissions';
import { connectorsVariable, parseSettings } from './settings';

export interface TailscaleAuditConnectorProps extends ConnectorOptions {
  /** Folder of the built function: `index.js`, which exports `handler`. @default dist/functions/poll of this package */
  readonly bundlePath?: string;
}

/**
 * Brings the audit logs of one or more tailnets onto an EventBridge bus, every five minutes.
 *
 * State, archive and secrets outlive the stack: without them a new one could not tell what was already published, and
 * what was set aside would be gone.
 *
 * @throws InvalidInput listing every problem of the options at once.
 */
export class TailscaleAuditConnector extends Construct {
  readonly function: lambda.Function;
  /** What the function may do; grant it more here if the secret or the bus needs it. */
  readonly role: Role;
  /** Where the events go: put rules on it. */
  readonly eventBus: EventBus | IEventBus;
  readonly table: Table;
  /** Claims and quarantine: events that were too large for the bus, or that it would not take. */
  readonly archive: Bucket;
  readonly connectorIds: readonly string[];
  /** ARNs of the secrets made here, by connector id: each is empty until its value is put in. */
  readonly emptySecrets: ReadonlyMap<string, string>;
  /** Empty when monitoring is off. */
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: TailscaleAuditConnectorProps = {}) {
    super(scope, id);
    const { bundlePath = join(packageRoot(), 'dist', 'functions', 'poll'), ...options } = props;
    const settings = parseSettings(options);
    const credentials = settings.connectors.map((connector) => ({ ...connector, ...this.credentialOf(connector.id, connector.secret) }));

    this.connectorIds = settings.connectors.map((connector) => connector.id);
    this.emptySecrets = new Map(credentials.filter((one) => one.secret === undefined).map((one) => [one.id, one.secretId]));
    this.table = this.createTable();
    this.archive = createArchive(this, 'Archive');
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Reads the audit logs of its tailnets and puts them on one event bus',
    });
    const { busArn, busName = 'tailscale-audit' } = settings;
    this.eventBus = busArn === undefined ? this.createBus(busName) : EventBus.fromEventBusArn(this, 'Bus', busArn);
    const logGroup = new LogGroup(this, 'Logs', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    const statements = pollStatements({
      connectorIds: this.connectorIds,
      secretArns: credentials.map((one) => one.secretArn),
      keyArns: [...new Set(credentials.flatMap((one) => one.secret?.keyArn ?? []))],
      tableArn: this.table.tableArn,
      eventBusArn: this.eventBus.eventBusArn,
      archiveObjects: objectsOf(this.archive, ['claims', 'quarantine']),
      logGroupArn: logGroup.logGroupArn,
    });
    statements.forEach((statement) => this.role.addToPolicy(statement));
    acknowledgeObjectsOf(this.archive, ['claims', 'quarantine'], this.role);

    this.function = new lambda.Function(this, 'Function', {
      description: 'Tailscale audit log to EventBridge',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(existingBundle(bundlePath)),
      handler: 'index.handler',
      timeout: Duration.seconds(POLL_TIMEOUT_SECONDS),
      memorySize: POLL_MEMORY_MIB,
      role: this.role,
      // Lines go out as the function wrote them, in JSON. In Lambda's own JSON format a log level above INFO would also
      // drop the metrics, which are log lines without a level.
      loggingFormat: lambda.LoggingFormat.TEXT,
      logGroup,
      // The next tick is the retry.
      retryAttempts: 0,
      maxEventAge: Duration.seconds(POLL_PERIOD_SECONDS),
      environment: {
        [ENV.connectors]: connectorsVariable(credentials),
        [ENV.tableName]: this.table.tableName,
        [ENV.busName]: busArn ?? this.eventBus.eventBusName,
        [ENV.archiveBucket]: this.archive.bucketName,
        [ENV.apiUrl]: settings.apiUrl,
        [ENV.overlapMinutes]: String(settings.overlapMinutes),
        [ENV.severityProfile]: settings.severityProfile,
        ...(settings.expectedActivity.length === 0 ? {} : { [ENV.expectedActivity]: JSON.stringify(settings.expectedActivity) }),
        [ENV.logLevel]: settings.logLevel,
      },
    });
    for (const connector of this.connectorIds) this.scheduleTicks(connector);
    const { connectorIds } = this;
    this.alarms = settings.monitoring === false ? [] : new ConnectorMonitoring(this, 'Monitoring', { connectorIds, ...settings.monitoring }).alarms;
  }

  /** A bus on which nobody else may use our event source. */
  private createBus(name: string): EventBus {
    const bus = new EventBus(this, 'Bus', { eventBusName: name, description: 'Administrative audit events of Tailscale' });
    bus.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyTheConnectorSpeaksForTailscale',
        effect: Effect.DENY,
        principals: [new StarPrincipal()],
        actions: ['events:PutEvents'],
        resources: [bus.eventBusArn],
        conditions: {
          StringEquals: { 'events:source': EVENT_SOURCE },
          ArnNotEquals: { 'aws:PrincipalArn': [this.role.roleArn] },
          // An AWS service has no principal ARN, which "not equals" would take for a stranger: archive replays go on.
          Bool: { 'aws:PrincipalIsAWSService': 'false' },
        },
      }),
    );
    return bus;
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
  private credentialOf(connector: string, reference: SecretReference | undefined): { secretId: string; secretArn: string } {
    if (reference?.name !== undefined) return { secretId: reference.name, secretArn: secretArnByName(this, reference.name) };
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
        new LambdaFunction(this.function, {
          event: RuleTargetInput.fromObject({ action: 'poll', connector }),
          retryAttempts: 2,
          maxEventAge: Duration.seconds(POLL_PERIOD_SECONDS),
        }),
      ],
    });
  }
}

function existingBundle(path: string): string {
  if (!existsSync(join(path, 'index.js'))) throw new Error(`The function is not built: ${path} has no index.js. Run npm run build.`);
  return path;
}
