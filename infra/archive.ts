import { CfnElement, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ARCHIVE_PREFIXES, type ArchivePrefix } from '../lib/contract/names';

/** Over a year, so that a yearly audit can still read the objects that stored events refer to. */
const KEPT = Duration.days(400);

/** Creates the bucket. It is kept when the stack is deleted, because quarantined events are stored nowhere else. */
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
  // Without it the kept bucket would accept requests without TLS.
  archive.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN);
  Validations.of(archive).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      "Only the connector writes here, a few objects a month, and its events or the table's ledger name each object. " +
      'An access log would need another bucket; CloudTrail data events can record every read.',
  });
  return archive;
}

/** Allows an action on the objects under these prefixes. Their keys contain dates and event ids, so cdk-nag needs an exception for each prefix. */
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
      reason: 'A key under the prefix contains the date and the id of a future event.',
    });
  }
}
