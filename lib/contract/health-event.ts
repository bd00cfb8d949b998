import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { EVENT_CATEGORY, EVENT_SOURCE } from './names';

const instant = { type: 'string', format: 'date-time' } as const;

/** JSON Schema (2020-12) of `detail` of a `Tailscale Connector Health` event: the connector reports on itself. */
export const healthEventSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tailscale Connector Health',
  type: 'object',
  additionalProperties: false,
  required: [
    'schemaVersion',
    'id',
    'stream',
    'source',
    'category',
    'severity',
    'kind',
    'title',
    'description',
    'occurredAt',
    'connector',
    'tailnet',
    'interval',
    'code',
    'runId',
  ],
  properties: {
    schemaVersion: { const: '1.0' },
    id: { type: 'string', pattern: '^h1:[0-9a-f]{64}$' },
    stream: { const: 'health' },
    source: { const: EVENT_SOURCE },
    category: { const: EVENT_CATEGORY },
    severity: {
      enum: ['high', 'info'],
      description: '`recovered`, `catchingUp` and `dialectChanged` are info; all other kinds are high.',
    },
    kind: {
      enum: ['blind', 'catchingUp', 'recovered', 'gap', 'stateLost', 'tailnetChanged', 'dialectChanged', 'quarantined'],
      description:
        'blind: the watermark is more than 15 minutes old, or two runs failed in a row; repeated every hour. ' +
        'catchingUp: the watermark is old, and runs succeed. recovered: the connector is up to date again. ' +
        'gap: Tailscale no longer keeps the interval. stateLost: the watermark was missing or in the future. ' +
        'tailnetChanged: the credential belongs to another tailnet. ' +
        'dialectChanged: records of the interval may be published again under other ids. ' +
        'quarantined: a record could not be published; the archive bucket keeps it as Tailscale sent it.',
    },
    title: { type: 'string' },
    description: { type: 'string', description: 'One line: what happened and what to do.' },
    occurredAt: instant,
    connector: { type: 'string' },
    tailnet: { type: ['string', 'null'] },
    interval: {
      description: 'gap: what is lost. stateLost: what is read again. dialectChanged: what may be published again.',
      anyOf: [
        { type: 'null' },
        {
          type: 'object',
          additionalProperties: false,
          required: ['from', 'until'],
          properties: { from: instant, until: { ...instant, description: 'Not included.' } },
        },
      ],
    },
    code: { type: ['string', 'null'], description: 'Error code of the failure that caused the event, if any.' },
    runId: { type: 'string' },
  },
} as const satisfies JSONSchema;

export type HealthEvent = FromSchema<typeof healthEventSchema>;
