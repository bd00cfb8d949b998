import type { AuditEvent } from '../contract/audit-event';
import { DETAIL_TYPE } from '../contract/names';
import type { PolicyDiffEvent } from '../contract/policy-diff-event';
import type { PublishedId } from '../domain/published-id';
import type { BusEvent } from '../domain/event';
import { auditEvent, unparsedEvent } from './encode/audit-event';
import { boundAuditEvent, boundPolicyDiffEvent, MAX_DETAIL_BYTES } from './encode/bound';
import { carriable } from './records/carriable';
import { contentHashOf } from './identity/event-id';
import { entryTime } from './records/event-time';
import { read, type IdentifiedRecord } from './identity/identify';
import type { NormalizeContext } from './normalize-context';
import { policyDiffEvent } from './encode/policy-diff';
import { redact } from './redact/redact';
import { withheldFields } from './redact/withheld';

export type { NormalizeContext } from './normalize-context';

/** An event ready for the bus, with its mark among what was published. */
export interface NormalizedEvent extends BusEvent {
  readonly detail: AuditEvent | PolicyDiffEvent;
  readonly seen: PublishedId;
}

/** Which of a record's events are asked for. */
export interface Wanted {
  readonly audit: boolean;
  readonly diff: boolean;
}

const BOTH: Wanted = { audit: true, diff: true };

/**
 * One record as events: its audit event, and for a policy change the diff.
 *
 * Total: any JSON value gives an event. A record that cannot be read is carried whole, `unparsed`. What goes out is read
 * from a copy without secrets, and so are the hashes that go out with it.
 */
export function normalize(
  identified: IdentifiedRecord,
  context: NormalizeContext,
  wanted: Wanted = BOTH,
): NormalizedEvent[] {
  const { record, shape, id, millis, marks } = identified;
  const { value, redactions } = redact(record, withheldFields(record));
  const clean = { value: carriable(value), redactions };
  const reading = shape === null ? undefined : read(clean.value);
  const identity = { id, contentHash: contentHashOf(clean.value, reading?.shape ?? null) };
  const maxBytes = context.maxDetailBytes ?? MAX_DETAIL_BYTES;
  const time = entryTime(millis, context.receivedAt);

  const audit =
    reading === undefined ? unparsedEvent(clean, identity, context) : auditEvent(reading, clean, identity, context);
  const events: NormalizedEvent[] = [];
  if (wanted.audit)
    events.push({ detailType: DETAIL_TYPE.audit, time, detail: boundAuditEvent(audit, maxBytes), seen: marks.audit });
  if (wanted.diff && reading !== undefined && marks.diff !== null) {
    events.push({
      detailType: DETAIL_TYPE.policyDiff,
      time,
      detail: boundPolicyDiffEvent(policyDiffEvent(audit, reading), maxBytes),
      seen: marks.diff,
    });
  }
  return events;
}
