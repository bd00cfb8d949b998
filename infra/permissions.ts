import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { EVENT_SOURCE, partitionKey, type Partition } from '../lib/contract/names';
import { allowObjects } from './archive';

/** The resources that the functions use. */
export interface Reach {
  readonly connectorIds: readonly string[];
  /** ARNs; that of a secret known by name ends in `-??????`. */
  readonly secretArns: readonly string[];
  readonly keyArns: readonly string[];
  readonly tableArn: string;
  readonly eventBusArn: string;
  readonly archive: Bucket;
}

type ItemAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'Query';

/** Grants the scheduled function each action on exactly one resource, without managed policies. */
export function allowPoll(role: Role, reach: Reach): void {
  allowSecretsAndBus(role, reach);
  allowItems(role, reach, 'LiveState', ['live'], ['GetItem', 'PutItem', 'UpdateItem']);
  allowItems(role, reach, 'Published', ['seen'], ['Query', 'UpdateItem']);
  allowItems(role, reach, 'Ledger', ['ledger'], ['PutItem', 'UpdateItem']);
  allowObjects(role, reach.archive, 'SetAside', 's3:PutObject', ['claims', 'quarantine']);
}

/** The same for the backfill function. It may not write live state, so it cannot move a watermark. */
export function allowBackfill(role: Role, reach: Reach): void {
  allowSecretsAndBus(role, reach);
  allowItems(role, reach, 'LiveState', ['live'], ['GetItem']);
  allowItems(role, reach, 'PublishedAndSetAside', ['seen', 'ledger'], ['Query', 'UpdateItem']);
  allowItems(role, reach, 'OwnPlace', ['backfill'], ['GetItem', 'PutItem', 'UpdateItem', 'Query']);
  allowObjects(role, reach.archive, 'Quarantined', 's3:GetObject', ['quarantine']);
  allowObjects(role, reach.archive, 'SetAside', 's3:PutObject', ['claims', 'quarantine']);
}

function allowSecretsAndBus(role: Role, { secretArns, keyArns, eventBusArn }: Reach): void {
  role.addToPolicy(
    new PolicyStatement({ sid: 'Credentials', actions: ['secretsmanager:GetSecretValue'], resources: [...secretArns] }),
  );
  if (keyArns.length > 0)
    role.addToPolicy(new PolicyStatement({ sid: 'CredentialKeys', actions: ['kms:Decrypt'], resources: [...keyArns] }));
  role.addToPolicy(
    new PolicyStatement({
      sid: 'Publish',
      actions: ['events:PutEvents'],
      resources: [eventBusArn],
      conditions: { StringEquals: { 'events:source': EVENT_SOURCE } },
    }),
  );
  role.addToPolicy(
    new PolicyStatement({ sid: 'BusExists', actions: ['events:DescribeEventBus'], resources: [eventBusArn] }),
  );
}

/** Keys are literal: a pattern such as `TN#a*` would also match the connector "ab". */
function allowItems(
  role: Role,
  { connectorIds, tableArn }: Reach,
  sid: string,
  partitions: readonly Partition[],
  actions: readonly ItemAction[],
): void {
  const keys = connectorIds.flatMap((connector) => partitions.map((partition) => partitionKey(connector, partition)));
  role.addToPolicy(
    new PolicyStatement({
      sid,
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [tableArn],
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': keys } },
    }),
  );
}

/** A secret's ARN by its name. Secrets Manager appends a hyphen and six random characters. */
export function secretArnByName(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${name}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
