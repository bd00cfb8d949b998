/** `Source` of every entry that the connector sends to EventBridge, and `detail.source` of every event. */
export const EVENT_SOURCE = 'tailscale';

/** `detail.category` of every event. */
export const EVENT_CATEGORY = 'network';

/** `DetailType` of the three streams. */
export const DETAIL_TYPE = {
  audit: 'Tailscale Audit Event',
  policyDiff: 'Tailscale ACL Policy Diff',
  health: 'Tailscale Connector Health',
} as const;

/** CloudWatch namespace of every metric. */
export const METRICS_NAMESPACE = 'TailscaleAuditConnector';

/** Metric names. The only dimension is `connector`, whose values come from the deployed settings. */
export const METRIC = {
  emitted: 'EventsEmitted',
  duplicates: 'DuplicatesDropped',
  schemaDrift: 'SchemaDrift',
  watermarkAge: 'WatermarkAgeSeconds',
  clockSkew: 'ClockSkewSeconds',
  failed: 'PollFailed',
  windowRestarts: 'WindowRestarts',
  lateLag: 'LateEventLagSeconds',
  gaps: 'Gaps',
  stateLost: 'StateLost',
  claimed: 'EventsClaimed',
  quarantined: 'EventsQuarantined',
  lastEventAge: 'LastEventAgeSeconds',
} as const;
export type MetricName = (typeof METRIC)[keyof typeof METRIC];

/** Attribute names of the table's key and of its time to live. */
export const TABLE_KEY = { partition: 'pk', sort: 'sk', expiry: 'exp' } as const;

/** A connector's items by partition: live state, published ids, ledger, backfills. Separate, so that IAM denies a backfill to write live state. */
export type Partition = 'live' | 'seen' | 'ledger' | 'backfill';

const SUFFIX: Readonly<Record<Partition, string>> = { live: '', seen: '#SEEN', ledger: '#LEDGER', backfill: '#BF' };

/** The partition key of a connector's items. */
export function partitionKey(connector: string, partition: Partition): string {
  return `TN#${connector}${SUFFIX[partition]}`;
}

/** Key prefixes of the archive bucket: `claims` holds events too large for the bus, `quarantine` those it rejected. */
export const ARCHIVE_PREFIXES = ['claims', 'quarantine'] as const;
export type ArchivePrefix = (typeof ARCHIVE_PREFIXES)[number];

/** The stack's name unless the context sets another. */
export const DEFAULT_STACK_NAME = 'TailscaleAuditConnector';

/** Outputs of the stack: what the command and the operator look up. */
export const STACK_OUTPUT = {
  pollFunction: 'FunctionName',
  backfillFunction: 'BackfillFunctionName',
  backfillStateMachine: 'BackfillStateMachineArn',
  busName: 'EventBusName',
  busArn: 'EventBusArn',
  table: 'TableName',
  archiveBucket: 'ArchiveBucketName',
  /** Connector ids, separated by commas. */
  connectors: 'Connectors',
  /** JSON list of `{ rule, endsOn? }`; absent if there are no rules. */
  expectedActivity: 'ExpectedActivity',
} as const;
