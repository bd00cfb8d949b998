import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { AuditEvent, Severity } from '../../../lib/contract/audit-event';
import { DETAIL_TYPE } from '../../../lib/contract/names';
import type { PolicyDiffEvent } from '../../../lib/contract/policy-diff-event';
import type { IdNames } from '../../../lib/events/identity/event-id';
import { identify } from '../../../lib/events/identity/identify';
import type { EncodedEvent } from '../../../lib/domain/event';
import type { Provenance } from '../../../lib/events/encode/encoder';
import { encodeAll, type Judgement } from '../../../lib/events/normalize';
import { validateEvent } from '../../harness/validate-event';

export const RECEIVED_AT = Date.parse('2026-11-22T10:00:00Z');

export const context: Judgement & Provenance = {
  connector: 'main',
  tailnetKey: 'example.com',
  mode: 'live',
  runId: 'run-1',
  receivedAt: RECEIVED_AT,
  watermark: RECEIVED_AT - 300_000,
  severityProfile: 'spec',
  oauthClientId: null,
  expectedActivity: [],
};

export const NAMES: IdNames = { tailnetKey: 'example.com', idKey: '0'.repeat(64) };

/** A configuration record as polled; made by hand after the documented shape. */
export const CONFIGURATION_RECORD = {
  eventTime: '2026-11-22T09:58:00.123456789Z',
  type: 'CONFIG',
  deferredAt: '0001-01-01T00:00:00Z',
  eventGroupID: '7d1e5c0ffee24b6f9a83d2c4b1e0a957',
  origin: 'ADMIN_CONSOLE',
  actor: { id: 'uAliceSampleCNTRL', type: 'USER', loginName: 'alice@example.com', displayName: 'Alice Example' },
  target: { id: 'T1234CNTRL', name: 'example.com', type: 'TAILNET', property: 'ACL' },
  action: 'UPDATE',
  old: '{\n  "acls": []\n}\n',
  new: '{\n  "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]\n}\n',
} as const;

/** A record that names its canonical action; made by hand after the product's documentation. */
export const AUDIT_RECORD = {
  id: 'evt-1',
  action: 'device:approve',
  actor: { id: 'uAliceSampleCNTRL', loginName: 'alice@example.com' },
  target: { id: 'n1CNTRL', name: 'laptop' },
  created: '2026-11-22T09:58:00Z',
  actorIp: '192.0.2.1',
} as const;

export interface Overrides extends Partial<Judgement & Provenance> {
  readonly maxDetailBytes?: number;
}

export interface PublishedEvent extends EncodedEvent {
  readonly detail: AuditEvent | PolicyDiffEvent;
}

/** Normalizes and encodes a record; throws when an event does not meet its published schema. */
export function events(record: unknown, { maxDetailBytes, ...overrides }: Overrides = {}): PublishedEvent[] {
  const result = encodeAll(identify(record, NAMES), { ...context, ...overrides }, maxDetailBytes);
  for (const { detail } of result) validateEvent(detail);
  return result as PublishedEvent[];
}

/** The audit event of a record. */
export function auditOf(record: unknown, overrides: Overrides = {}): AuditEvent {
  const [audit] = events(record, overrides);
  if (audit?.detailType !== DETAIL_TYPE.audit) throw new Error('no audit event');
  return audit.detail as AuditEvent;
}

/** The policy diff of a record; undefined when it has none. */
export function diffOf(record: unknown, overrides: Overrides = {}): PolicyDiffEvent | undefined {
  const diff = events(record, overrides).find(({ detailType }) => detailType === DETAIL_TYPE.policyDiff);
  return diff?.detail as PolicyDiffEvent | undefined;
}

export function fixture(name: string): string {
  return readFileSync(join(__dirname, '../../fixtures', name), 'utf8');
}

const severityName = z.enum(['high', 'medium', 'info']);
const lines = (name: string): string[] =>
  fixture(name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** The fixture records; line 1 of the file is at index 0. */
export const RECORDS: readonly unknown[] = lines('records.ndjson').map((line): unknown => JSON.parse(line));

/** One row of the vocabulary: what a native triple means. */
export interface VocabularyRow {
  readonly native: string;
  readonly action: string;
  readonly severity: Severity;
  readonly extended: Severity;
  /** Tailscale's OpenAPI description names the triple. */
  readonly isListed: boolean;
  readonly isConditional: boolean;
}

export const VOCABULARY: readonly VocabularyRow[] = lines('vocabulary.csv')
  .slice(1)
  .map((line) => {
    const [native = '', action = '', severity, extended, listed, condition] = line.split(',');
    return {
      native,
      action,
      severity: z.parse(severityName, severity),
      extended: z.parse(severityName, extended),
      isListed: listed === 'yes',
      isConditional: condition === 'yes',
    };
  });
