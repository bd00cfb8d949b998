import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { commonProperties } from './audit-event';

const side = {
  type: 'object',
  additionalProperties: false,
  required: ['sha256', 'bytes'],
  properties: {
    sha256: {
      type: 'string',
      pattern: '^[0-9a-f]{64}$',
      description: "Of the policy text after redaction; where nothing was redacted, the file's own.",
    },
    bytes: { type: 'integer', minimum: 0 },
  },
} as const satisfies JSONSchema;

const line = { type: 'integer', minimum: 1 } as const;
const nullableLine = {
  type: ['integer', 'null'],
  minimum: 1,
  description: 'On the new side; null where only the old side has it.',
} as const;
const key = {
  type: ['string', 'null'],
  description: 'null in lists of rules, where the order means nothing; "" for a section that is one value.',
} as const;

/** An object all of whose fields are there, and no other. */
const record = <const Properties extends Readonly<Record<string, JSONSchema>>>(properties: Properties) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties) as (keyof Properties & string)[],
    properties,
  }) as const;

const entry = record({ key, path: { type: 'string' }, line, value: { description: 'In canonical form.' } });

const fieldEdit = record({
  field: { type: 'string', description: 'Of a rule its field, of a key `members`, else `value`.' },
  added: { type: 'array', items: {} },
  removed: { type: 'array', items: {} },
});

const entryEdit = record({
  key,
  path: { type: 'string', description: 'On the new side.' },
  line,
  oldPath: { type: 'string' },
  oldLine: line,
  fields: { type: 'array', items: fieldEdit },
});

const section = record({
  section: { type: 'string' },
  state: {
    enum: ['added', 'removed', 'changed'],
    description: 'Whether the section itself came, went, or is on both sides.',
  },
  before: { type: 'integer', minimum: 0 },
  after: { type: 'integer', minimum: 0 },
  added: { type: 'array', items: entry },
  removed: { type: 'array', items: entry },
  changed: { type: 'array', items: entryEdit },
});

const finding = record({
  id: { type: 'string', pattern: '^[A-Z][A-Z-]+$', description: 'Stable: ACL-ALLOW-ALL, SSH-CHECK-TO-ACCEPT …' },
  severity: { enum: ['high', 'medium', 'info'] },
  title: { type: 'string' },
  section: { type: 'string' },
  path: { type: 'string' },
  line: nullableLine,
  evidence: { type: 'string' },
  isNew: { const: true },
});

/** What a policy change means. */
const meaning = {
  changeKind: {
    enum: ['cosmetic', 'narrowed', 'widened', 'mixed', 'unknown'],
    description: 'What the policy allows: the same, less, more, both; unknown: it could not be judged.',
  },
  summary: { type: 'string', description: 'One line for people.' },
  sections: { type: 'array', items: section },
  findings: {
    type: 'array',
    items: finding,
    description: 'Findings that the change introduces, the most severe first.',
  },
  standing: {
    type: 'array',
    items: record({
      id: { type: 'string' },
      severity: { enum: ['high', 'medium', 'info'] },
      count: { type: 'integer', minimum: 1 },
    }),
    description: 'What was there before and still is, counted.',
  },
  affectedRules: {
    type: 'array',
    items: record({
      section: { type: 'string' },
      path: { type: 'string' },
      line,
      aliases: { type: 'array', items: { type: 'string' } },
    }),
    description: 'Rules that name a group, host, ipset or tag whose content changed.',
  },
  cuts: {
    type: 'array',
    items: record({ path: { type: 'string' }, shown: { type: 'integer' }, total: { type: 'integer' } }),
    description: 'Lists here that are not whole.',
  },
  parseError: {
    description: 'null: both sides could be read. Else there is the line diff and nothing more.',
    anyOf: [
      { type: 'null' },
      record({
        side: { enum: ['old', 'new', 'both'] },
        message: { type: 'string' },
        line,
        column: { type: 'integer', minimum: 1 },
      }),
    ],
  },
} as const;

/** JSON Schema (2020-12) of `detail` of a `Tailscale ACL Policy Diff`. */
export const policyDiffEventSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tailscale ACL Policy Diff',
  type: 'object',
  additionalProperties: false,
  required: [
    'schemaVersion',
    'id',
    'auditId',
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
    'origin',
    'groupId',
    'ingest',
    'revision',
    'redactions',
    'truncated',
    'claimCheck',
    'expected',
    'diff',
  ],
  properties: {
    ...commonProperties,
    id: { type: 'string', pattern: '^d1:[0-9a-f]{64}$' },
    auditId: {
      type: 'string',
      pattern: '^[aw]1:[0-9a-f]{64}$',
      description: 'The audit event this diff stands beside.',
    },
    stream: { const: 'policy-diff' },
    severity: { const: 'high' },
    diff: {
      description: 'null when the record carried no policy on either side.',
      anyOf: [
        { type: 'null' },
        {
          type: 'object',
          additionalProperties: false,
          required: [
            'unified',
            'truncated',
            'addedLines',
            'removedLines',
            'old',
            'new',
            'changeKind',
            'summary',
            'sections',
            'findings',
            'standing',
            'affectedRules',
            'cuts',
            'parseError',
          ],
          properties: {
            unified: {
              type: 'string',
              description: 'Unified line diff with 3 lines of context, computed on redacted text.',
            },
            truncated: { type: 'boolean', description: 'The unified diff was cut at its bound in lines or bytes.' },
            addedLines: { type: 'integer', minimum: 0 },
            removedLines: { type: 'integer', minimum: 0 },
            old: side,
            new: side,
            ...meaning,
          },
        },
      ],
    },
  },
} as const satisfies JSONSchema;

/** What a pure function made is not changed afterwards. */
type Frozen<Value> = Value extends object ? { readonly [Field in keyof Value]: Frozen<Value[Field]> } : Value;

export type PolicyDiffEvent = Frozen<FromSchema<typeof policyDiffEventSchema>>;
export type PolicyDiff = NonNullable<PolicyDiffEvent['diff']>;
