import { POLICY_DIFF } from '../../contract/backfill';
import { DETAIL_TYPE, EVENT_CATEGORY, EVENT_SOURCE } from '../../contract/names';
import type { PolicyDiff, PolicyDiffEvent } from '../../contract/policy-diff-event';
import { canonicalJson, isDeeperThan } from '../../domain/json';
import { diffPolicy } from '../../policy/policy-diff';
import { sha256 } from '../identity/event-id';
import { ingestOf } from './audit';
import { boundPolicyDiffEvent } from './bound';
import { describe } from './describe';
import type { Encoder } from './encoder';

const TITLE = 'Policy file changed';

/**
 * What a policy change changed: detail type `Tailscale ACL Policy Diff`, schema in lib/contract/schemas. The diff, its
 * hashes and its sizes are of the redacted policies; where nothing was redacted, a hash is the policy file's own.
 */
export const policyDiffEncoder: Encoder<PolicyDiffEvent> = {
  detailType: DETAIL_TYPE.policyDiff,
  appliesTo: ({ changesPolicy }) => changesPolicy,
  idOf: (recordId) => `d1:${recordId.slice(recordId.indexOf(':') + 1)}`,
  countedAs: () => POLICY_DIFF,
  severityOf: () => 'high',
  encode(event, provenance, isRevision) {
    const diff = policyDiff(event);
    return {
      schemaVersion: '1.0',
      id: policyDiffEncoder.idOf(event.id),
      auditId: event.id,
      contentHash: event.contentHash,
      stream: 'policy-diff',
      source: EVENT_SOURCE,
      category: EVENT_CATEGORY,
      severity: 'high',
      action: event.action,
      native: event.native,
      title: TITLE,
      description: describe(
        diff === null ? `${TITLE}, the record has neither policy` : `${TITLE}, ${diff.summary}`,
        event,
      ),
      occurredAt: event.occurredAt,
      tailnet: provenance.tailnetKey,
      connector: provenance.connector,
      actor: { ...event.actor, tags: [...event.actor.tags] },
      target: event.target,
      outcome: event.error === null ? 'success' : 'failure',
      error: event.error,
      origin: event.origin,
      groupId: event.groupId,
      ingest: ingestOf(event, provenance),
      revision: isRevision,
      redactions: [...event.redactions],
      truncated: [],
      claimCheck: null,
      expected: event.expected,
      diff,
    };
  },
  amend: (detail, { claimCheck = detail.claimCheck, ingest }, maxBytes) =>
    boundPolicyDiffEvent({ ...detail, claimCheck, ingest: { ...detail.ingest, ...ingest } }, maxBytes),
};

interface PolicySides {
  readonly old: unknown;
  readonly new: unknown;
}

/** null when the record has no policy on either side. A missing side is an empty file: the first write, or a wiped one. */
function policyDiff(sides: PolicySides): PolicyDiff | null {
  if (sides.old === null && sides.new === null) return null;
  const { parseError = null, ...diff } = diffPolicy(sides.old, sides.new);
  return { ...diff, parseError, old: sizeOf(sides.old), new: sizeOf(sides.new) };
}

/** Levels of nesting that are still printed over several lines. */
const MAX_PRETTY_LEVELS = 900;

function policyText(side: unknown): string {
  if (side === null) return '';
  if (typeof side === 'string') return side;
  return isDeeperThan(side, MAX_PRETTY_LEVELS) ? canonicalJson(side) : JSON.stringify(side, null, 2);
}

function sizeOf(side: unknown): PolicyDiff['old'] {
  const text = policyText(side);
  return { sha256: sha256(text), bytes: Buffer.byteLength(text) };
}
