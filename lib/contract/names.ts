/** `Source` of every entry this connector puts on the bus, and `detail.source` of every event. */
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

/** A connector's items by partition: live state, published ids, ledger, and backfills, so that IAM can keep a backfill out of live state. */
export type Partition = 'live' | 'seen' | 'ledger' | 'backfill';

const SUFFIX: Readonly<Record<Partition, string>> = { live: '', seen: '#SEEN', ledger: '#LEDGER', backfill: '#BF' };

/** The partition key of a connector's items. */
export function partitionKey(connector: string, partition: Partition): string {
  return `TN#${connector}${SUFFIX[partition]}`;
}

/** What the archive bucket keeps, each under its own prefix: events too large for the bus, and events that it would not take. */
export const ARCHIVE_PREFIXES = ['claims', 'quarantine'] as const;
export type ArchivePrefix = (typeof ARCHIVE_PREFIXES)[number];
