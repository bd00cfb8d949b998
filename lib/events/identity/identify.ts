import type { PublishedId } from '../../domain/published-id';
import type { Millis } from '../../domain/time';
import { classificationOf } from '../encode/audit-event';
import { readAuditRecord } from '../records/audit-record';
import { hasConfigurationShape, readConfigurationRecord } from '../records/configuration-record';
import { identityOf, policyDiffId, seenElement, type IdNames, type Shape } from './event-id';
import { POLICY_ACTION } from '../encode/policy-diff';
import type { Reading } from '../records/reading';

/** A record, and what decides whether it was published already. Cheap: nothing is redacted or compared for it. */
export interface IdentifiedRecord {
  readonly record: unknown;
  readonly shape: Shape;
  /** Of its audit event. */
  readonly id: string;
  /** Its event time; null where it has none that can be read. */
  readonly millis: Millis | null;
  readonly marks: {
    readonly audit: PublishedId;
    /** null: the record changes no policy, so it has no diff event. */
    readonly diff: PublishedId | null;
  };
}

/** Identifies a record. Its siblings and the page do not matter. */
export function identify(record: unknown, names: IdNames): IdentifiedRecord {
  const reading = read(record);
  const shape = reading?.shape ?? null;
  const { id, revision } = identityOf(record, shape, names);
  const millis = reading?.occurredAt?.millis ?? null;
  const changesPolicy = reading !== undefined && classificationOf(reading).action === POLICY_ACTION;
  return {
    record,
    shape,
    id,
    millis,
    marks: {
      audit: seenElement(id, revision, millis),
      diff: changesPolicy ? seenElement(policyDiffId(id), revision, millis) : null,
    },
  };
}

/** The record's own shape decides how it is read, whichever envelope it came in. undefined: it cannot be read. */
export function read(record: unknown): Reading | undefined {
  return hasConfigurationShape(record) ? readConfigurationRecord(record) : readAuditRecord(record);
}
