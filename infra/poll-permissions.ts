import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { EVENT_SOURCE } from '../lib/contract/names';

/** Everything the function touches. */
export interface Reach {
  readonly connectorIds: readonly string[];
  /** ARNs; one of a secret known by name ends in `-??????`. */
  readonly secretArns: readonly string[];
  readonly keyArns: readonly string[];
  readonly tableArn: string;
  readonly eventBusArn: string;
  /** ARNs of objects by prefix, each of which ends in `/*`. */
  readonly archiveObjects: readonly string[];
  /** Of the log group and all its streams. */
  readonly logGroupArn: string;
}

/** What the scheduled function may do: each action on the one resource it is for, and nothing by a managed policy. */
export function pollStatements({ connectorIds, secretArns, keyArns, tableArn, eventBusArn, archiveObjects, logGroupArn }: Reach): PolicyStatement[] {
  return [
    new PolicyStatement({ sid: 'Credentials', actions: ['secretsmanager:GetSecretValue'], resources: [...secretArns] }),
    ...(keyArns.length === 0 ? [] : [new PolicyStatement({ sid: 'CredentialKeys', actions: ['kms:Decrypt'], resources: [...keyArns] })]),
    new PolicyStatement({
      sid: 'LiveState',
      actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
      resources: [tableArn],
      // Literal keys, so that nothing here reaches a backfill's own items.
      conditions: {
        'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': connectorIds.flatMap((one) => [`TN#${one}`, `TN#${one}#SEEN`, `TN#${one}#LEDGER`]) },
      },
    }),
    new PolicyStatement({
      sid: 'Publish',
      actions: ['events:PutEvents'],
      resources: [eventBusArn],
      conditions: { StringEquals: { 'events:source': EVENT_SOURCE } },
    }),
    new PolicyStatement({ sid: 'BusExists', actions: ['events:DescribeEventBus'], resources: [eventBusArn] }),
    new PolicyStatement({ sid: 'SetAside', actions: ['s3:PutObject'], resources: [...archiveObjects] }),
    new PolicyStatement({ sid: 'Log', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroupArn] }),
  ];
}

/** Secrets Manager ends each ARN with a hyphen and six characters that a name does not tell. */
export function secretArnByName(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'secretsmanager', resource: 'secret', resourceName: `${name}-??????`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
}
