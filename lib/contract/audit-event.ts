import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { EVENT_CATEGORY, EVENT_SOURCE } from './names';

const text = { type: ['string', 'null'] } as const;

/** What Tailscale says of who acted; `null` where the record has nothing. */
const actorSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'type', 'loginName', 'displayName', 'tags', 'ip'],
  properties: {
    id: { ...text, description: "Tailscale's id of the user, node or client." },
    type: { ...text, description: 'USER, NODE, OAUTH_CLIENT, AUTOMATED_WORKER, SCIM …; passed on as received.' },
    loginName: text,
    displayName: text,
    tags: { type: 'array', items: { type: 'string' } },
    ip: { ...text, description: 'Only the audit dialect carries one.' },
  },
} as const satisfies JSONSchema;

/** What was acted on; `null` where the record has nothing. */
const targetSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'type', 'property'],
  properties: { id: text, name: text, type: text, property: text },
} as const satisfies JSONSchema;

/** How and when the connector came by the record. */
const ingestSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['mode', 'runId', 'receivedAt', 'late', 'self'],
  properties: {
    mode: { enum: ['live', 'sweep', 'backfill'] },
    runId: { type: 'string', description: "One run of one connector, or the backfill's job id." },
    receivedAt: { type: 'string', format: 'date-time' },
    late: { type: 'boolean', description: 'The event time was at or before the watermark when its window was read.' },
    self: { type: 'boolean', description: "The record is the connector's own OAuth token request." },
  },
} as const satisfies JSONSchema;

/** Where something secret stood in the record, and what it was. */
const redactionSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'kind'],
  properties: {
    path: { type: 'string', description: 'From the top of the record: `new.endpoint.token`.' },
    kind: {
      type: 'string',
      description: 'What was taken out: tailscale-key, private-key, jwt, webhook-url, property …',
    },
  },
} as const satisfies JSONSchema;

/** Where the whole event lies when it is too large for the bus. */
const claimCheckSchema = {
  description:
    'null: this is the whole event. Else it was over the size limit: fields listed in `truncated` are cut here, and the object has all of it, as gzipped JSON.',
  anyOf: [
    { type: 'null' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['bucket', 'key', 'sha256', 'bytes'],
      properties: {
        bucket: { type: 'string' },
        key: { type: 'string' },
        sha256: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'Of the JSON before compression.' },
        bytes: { type: 'integer', minimum: 0 },
      },
    },
  ],
} as const satisfies JSONSchema;

/** Fields that an audit event and a policy diff event share. */
export const commonProperties = {
  schemaVersion: { const: '1.0' },
  contentHash: {
    type: 'string',
    pattern: '^[0-9a-f]{64}$',
    description: 'SHA-256 over the pinned fields of the redacted record.',
  },
  source: { const: EVENT_SOURCE },
  category: { const: EVENT_CATEGORY },
  action: { type: 'string', description: 'Canonical action, such as `device:approve`.' },
  native: { ...text, description: "Tailscale's own triple TARGET.ACTION[.PROPERTY]; null in the audit dialect." },
  title: { type: 'string' },
  description: { type: 'string', description: 'One line: who did what to what.' },
  occurredAt: { ...text, description: 'As received, to the nanosecond; null when the record has no readable time.' },
  tailnet: { type: 'string', description: 'The key of the tailnet, fixed when the connector first read it.' },
  connector: { type: 'string' },
  actor: actorSchema,
  target: targetSchema,
  outcome: { enum: ['success', 'failure'] },
  error: { ...text, description: "Tailscale's reason for a failure." },
  origin: { ...text, description: 'ADMIN_CONSOLE, CONFIG_API, NODE …; passed on as received.' },
  groupId: { ...text, description: 'One operation may write several records; they share this.' },
  ingest: ingestSchema,
  revision: { type: 'boolean', description: 'This id was emitted before with another content.' },
  redactions: { type: 'array', items: redactionSchema },
  truncated: {
    type: 'array',
    description:
      'Fields cut because the event was over the size limit; hash and size are of what would have stood there.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['path', 'sha256', 'bytes'],
      properties: { path: { type: 'string' }, sha256: { type: 'string' }, bytes: { type: 'integer' } },
    },
  },
  claimCheck: claimCheckSchema,
  expected: {
    description: 'The expected-activity rule that matches; null: no rule matches. The severity does not change.',
    anyOf: [
      { type: 'null' },
      {
        type: 'object',
        additionalProperties: false,
        required: ['rule', 'reason'],
        properties: { rule: { type: 'string' }, reason: { type: 'string' } },
      },
    ],
  },
} as const;

/** JSON Schema (2020-12) of `detail` of a `Tailscale Audit Event`. */
export const auditEventSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tailscale Audit Event',
  type: 'object',
  additionalProperties: false,
  required: [
    'schemaVersion',
    'id',
    'contentHash',
    'stream',
    'source',
    'category',
    'severity',
    'action',
    'native',
    'title',
    'description',
    'occurredAt',
    'tailnet',
    'connector',
    'actor',
    'target',
    'outcome',
    'error',
    'change',
    'origin',
    'groupId',
    'ingest',
    'revision',
    'redactions',
    'schemaDrift',
    'unparsed',
    'truncated',
    'claimCheck',
    'expected',
    'raw',
  ],
  properties: {
    ...commonProperties,
    id: {
      type: 'string',
      pattern: '^[aw]1:[0-9a-f]{64}$',
      description: 'Stable: the same record always has the same id.',
    },
    stream: { const: 'audit' },
    severity: { enum: ['high', 'medium', 'info'] },
    change: {
      type: 'object',
      additionalProperties: false,
      required: ['old', 'new'],
      properties: { old: {}, new: {} },
      description: 'The value before and after, of any type; null where upstream had nothing.',
    },
    schemaDrift: {
      type: 'array',
      items: { type: 'string' },
      description: 'Paths of the record whose name, value or type this version does not know.',
    },
    unparsed: { type: 'boolean', description: 'The record could not be read; all of it is in `raw`.' },
    raw: { description: 'The record as received, redacted, without old and new (they are in `change`).' },
  },
} as const satisfies JSONSchema;

export type AuditEvent = FromSchema<typeof auditEventSchema>;
export type Severity = AuditEvent['severity'];
export type Redaction = AuditEvent['redactions'][number];
