import type { AuditEvent } from '../../contract/audit-event';
import type { PolicyDiff, PolicyDiffEvent } from '../../contract/policy-diff-event';
import { diffPolicy } from '../../policy/policy-diff';
import { describe } from './describe';
import { policyDiffId, sha256 } from '../identity/event-id';
import { canonicalJson, isDeeperThan } from '../../domain/json';

/** The action beside which a policy diff goes out. */
export const POLICY_ACTION = 'acl:update';

/** The policy before and after; null where the record has none. */
export interface PolicySides {
  readonly old: unknown;
  readonly new: unknown;
}

/**
 * The event that stands beside a policy change and says what it changed.
 *
 * @param audit The audit event of the same record.
 * @param sides As the audit event carries them, after redaction: the diff, its hashes and its sizes are of these. Where
 * nothing was redacted, a hash is the policy file's own.
 */
export function policyDiffEvent(audit: AuditEvent, sides: PolicySides): PolicyDiffEvent {
  const diff = policyDiff(sides);
  const {
    schemaVersion,
    contentHash,
    source,
    category,
    action,
    native,
    occurredAt,
    tailnet,
    connector,
    actor,
    target,
    outcome,
    error,
    origin,
    groupId,
    ingest,
    revision,
  } = audit;
  const title = 'Policy file changed';
  return {
    schemaVersion,
    id: policyDiffId(audit.id),
    auditId: audit.id,
    contentHash,
    stream: 'policy-diff',
    source,
    category,
    severity: 'high',
    action,
    native,
    title,
    description: describe(`${title}${summary(diff)}`, audit),
    occurredAt,
    tailnet,
    connector,
    actor,
    target,
    outcome,
    error,
    origin,
    groupId,
    ingest,
    revision,
    redactions: [...audit.redactions],
    truncated: [],
    claimCheck: null,
    expected: audit.expected,
    diff,
  };
}

/** null when the record carried no policy on either side. An empty side is an empty file: the first write, or a wiped one. */
function policyDiff(sides: PolicySides): PolicyDiff | null {
  if (sides.old === null && sides.new === null) return null;
  const { parseError = null, ...diff } = diffPolicy(sides.old, sides.new);
  return { ...diff, parseError, old: sizeOf(policyText(sides.old)), new: sizeOf(policyText(sides.new)) };
}

/** Levels of nesting that are still printed over several lines. */
const MAX_PRETTY_LEVELS = 900;

function policyText(side: unknown): string {
  if (side === null) return '';
  if (typeof side === 'string') return side;
  return isDeeperThan(side, MAX_PRETTY_LEVELS) ? canonicalJson(side) : JSON.stringify(side, null, 2);
}

function sizeOf(text: string): PolicyDiff['old'] {
  return { sha256: sha256(text), bytes: Buffer.byteLength(text) };
}

function summary(diff: PolicyDiff | null): string {
  return diff === null ? ', how is not in the record' : `, ${diff.summary}`;
}
