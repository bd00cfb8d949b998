import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface ConnectorFunctionProps {
  readonly description: string;
  /** Folder of the built function, with `index.js`, which exports `handler`. */
  readonly bundle: string;
  readonly timeoutSeconds: number;
  readonly memoryMib: number;
  /** Maximum age of a queued invocation. @default Lambda's: 6 hours */
  readonly maxEventAgeSeconds?: number;
  readonly logRetention: RetentionDays;
  readonly environment: Readonly<Record<string, string>>;
}

/** A function with its role and log group. The role allows only to write that log. */
export class ConnectorFunction extends Construct {
  readonly function: lambda.Function;
  /** The function's role: grant it more if the secret or the bus needs it. */
  readonly role: Role;

  constructor(scope: Construct, id: string, props: ConnectorFunctionProps) {
    super(scope, id);
    const { description, bundle, maxEventAgeSeconds } = props;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description });
    this.role.addToPolicy(
      new PolicyStatement({
        sid: 'Log',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    this.function = new lambda.Function(this, 'Function', {
      description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(existingBundle(bundle)),
      handler: 'index.handler',
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMib,
      role: this.role,
      // The function logs JSON itself. Lambda's JSON format would, at a log level above INFO, also drop the metrics, which
      // are log lines without a level.
      loggingFormat: lambda.LoggingFormat.TEXT,
      logGroup,
      // The next tick, or the operator, is the retry.
      retryAttempts: 0,
      ...(maxEventAgeSeconds === undefined ? {} : { maxEventAge: Duration.seconds(maxEventAgeSeconds) }),
      environment: { ...props.environment },
    });
  }
}

function existingBundle(path: string): string {
  if (!existsSync(join(path, 'index.js')))
    throw new Error(`The function is not built: ${path} has no index.js. Run npm run build.`);
  return path;
}
