import type { AuditEvent } from '../contract/audit-event';
import { DETAIL_TYPE } from '../contract/names';
import type { PolicyDiffEvent } from '../contract/policy-diff-event';
import type { BusEvent, Millis, SeenElement } from '../connector/ports';
import { auditEvent, unparsedEvent } from './audit-event';
import { readAuditRecord } from './audit-record';
import { boundAuditEvent, boundPolicyDiffEvent, MAX_DETAIL_BYTES } from './bound';
import { carriable } from './carriable';
import { hasConfigurationShape, readConfigurationRecord } from './configuration-record';
import { identify, seenElement } from './event-id';
import { entryTime } from './event-time';
import { field, isJsonObject } from './json';
import type { NormalizeContext } from './normalize-context';
import { POLICY_ACTION, policyDiffEvent, type PolicySides } from './policy-change';
import type { Reading } from './reading';
import { redact } from './redact';
import { withheldFields } from './withheld';

export type { NormalizeContext } from './normalize-context';

/** An event ready for the bus, with its mark among what was published. */
export interface NormalizedEvent extends BusEvent {
  readonly detail: AuditEvent | PolicyDiffEvent;
  readonly seen: SeenElement;
}

/**
 * One record as events: its audit event, and beside a policy change the diff.
 *
 * Total: any JSON value gives an event. A record that cannot be read is carried whole, `unparsed`. What goes out is read
 * from a copy without secrets; ids and hashes are of the record as received.
 */
export function normalize(record: unknown, context: NormalizeContext): NormalizedEvent[] {
  const { value, redactions } = redact(record, withheldFields(record));
  const clean = { value: carriable(value), redactions };
  const reading = read(clean.value);
  const identity = identify(record, reading?.shape ?? null, context.tailnetKey);
  const maxBytes = context.maxDetailBytes ?? MAX_DETAIL_BYTES;
  const millis = reading?.occurredAt?.millis ?? null;

  const audit = reading === undefined ? unparsedEvent(clean, identity, context) : auditEvent(reading, clean, identity, context);
  const events = [entry(DETAIL_TYPE.audit, boundAuditEvent(audit, maxBytes), millis, context)];
  if (reading !== undefined && audit.action === POLICY_ACTION) {
    const diff = policyDiffEvent(audit, reading, sidesOf(record));
    events.push(entry(DETAIL_TYPE.policyDiff, boundPolicyDiffEvent(diff, maxBytes), millis, context));
  }
  return events;
}

/** The record's own shape decides how it is read, whichever envelope it came in. */
function read(record: unknown): Reading | undefined {
  return hasConfigurationShape(record) ? readConfigurationRecord(record) : readAuditRecord(record);
}

function sidesOf(record: unknown): PolicySides {
  return isJsonObject(record) ? { old: field(record, 'old') ?? null, new: field(record, 'new') ?? null } : { old: null, new: null };
}

function entry(detailType: string, detail: AuditEvent | PolicyDiffEvent, millis: Millis | null, { receivedAt }: NormalizeContext): NormalizedEvent {
  return { detailType, time: entryTime(millis, receivedAt), detail, seen: seenElement(detail.id, detail.contentHash, millis) };
}
