import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { commonProperties } from './audit-event';

const side = {
  type: 'object',
  additionalProperties: false,
  required: ['sha256', 'bytes'],
  properties: {
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'Of the policy text as received, before redaction.' },
    bytes: { type: 'integer', minimum: 0 },
  },
} as const satisfies JSONSchema;

/** JSON Schema (2020-12) of `detail` of a `Tailscale ACL Policy Diff`. */
export const policyDiffEventSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tailscale ACL Policy Diff',
  type: 'object',
  additionalProperties: false,
  required: [
    'schemaVersion', 'id', 'auditId', 'contentHash', 'stream', 'source', 'category', 'severity', 'action', 'native', 'title',
    'description', 'occurredAt', 'tailnet', 'connector', 'actor', 'target', 'outcome', 'error', 'origin', 'groupId', 'ingest',
    'revision', 'redactions', 'truncated', 'claimCheck', 'expected', 'diff',
  ],
  properties: {
    ...commonProperties,
    id: { type: 'string', pattern: '^d1:[0-9a-f]{64}$' },
    auditId: { type: 'string', pattern: '^[aw]1:[0-9a-f]{64}$', description: 'The audit event this diff stands beside.' },
    stream: { const: 'policy-diff' },
    severity: { const: 'high' },
    diff: {
      description: 'null when the record carried no policy on either side.',
      anyOf: [
        { type: 'null' },
        {
          type: 'object',
          additionalProperties: false,
          required: ['unified', 'truncated', 'addedLines', 'removedLines', 'old', 'new'],
          properties: {
            unified: { type: 'string', description: 'Unified line diff with 3 lines of context, computed on redacted text.' },
            truncated: { type: 'boolean', description: 'The unified diff was cut at its bound in lines or bytes.' },
            addedLines: { type: 'integer', minimum: 0 },
            removedLines: { type: 'integer', minimum: 0 },
            old: side,
            new: side,
          },
        },
      ],
    },
  },
} as const satisfies JSONSchema;

export type PolicyDiffEvent = FromSchema<typeof policyDiffEventSchema>;
export type PolicyDiff = NonNullable<PolicyDiffEvent['diff']>;
