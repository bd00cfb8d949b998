import { CfnElement, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ARCHIVE_PREFIXES, type ArchivePrefix } from '../lib/contract/names';

/** Longer than a yearly audit needs to look back, so that a claim check in a stored event can still be followed. */
const KEPT = Duration.days(400);

/** A bucket that outlives the stack: quarantined events are nowhere else. */
export function createArchive(scope: Construct, id: string): Bucket {
  const archive = new Bucket(scope, id, {
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      ...ARCHIVE_PREFIXES.map((prefix) => ({ id: `expire-${prefix}`, prefix: `${prefix}/`, expiration: KEPT })),
      { id: 'abort-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
  });
  // Else the bucket that stays behind would take requests without TLS again.
  archive.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN);
  Validations.of(archive).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      "Only the connector writes here, a few objects a month, and its events or the table's ledger name each of them. An access log would need a bucket of its own; " +
      'whoever must know of every read turns on CloudTrail data events for this bucket.',
  });
  return archive;
}

/** Allows the objects under these prefixes. Their keys hold dates and ids of events to come, so none can be named: cdk-nag is told of each prefix. */
export function allowObjects(
  role: Role,
  archive: Bucket,
  sid: string,
  action: 's3:GetObject' | 's3:PutObject',
  prefixes: readonly ArchivePrefix[],
): void {
  role.addToPolicy(
    new PolicyStatement({
      sid,
      actions: [action],
      resources: prefixes.map((prefix) => archive.arnForObjects(`${prefix}/*`)),
    }),
  );
  const bucket = archive.node.defaultChild;
  if (!CfnElement.isCfnElement(bucket)) return;
  const arn = `<${Stack.of(archive).getLogicalId(bucket)}.Arn>`;
  for (const prefix of prefixes) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${arn}/${prefix}/*]`,
      reason: 'A key under the prefix holds the date and the id of an event that is yet to come.',
    });
  }
}
