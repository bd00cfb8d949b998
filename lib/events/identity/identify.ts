import type { PublishedId } from '../../domain/published-id';
import type { Millis } from '../../domain/time';
import { classificationOf, POLICY_ACTION } from '../classification';
import type { Encoder } from '../encode/encoder';
import { ENCODERS } from '../encode/encoders';
import { readAuditRecord } from '../records/audit-record';
import { hasConfigurationShape, readConfigurationRecord } from '../records/configuration-record';
import type { Reading } from '../records/reading';
import { identityOf, publishedIdOf, type IdNames, type Shape } from './event-id';

/** One published form of a record. */
export interface Form {
  readonly encoder: Encoder;
  readonly publishedId: PublishedId;
}

/** A record, and what decides whether it was published already. Cheap: nothing is redacted or compared for it. */
export interface IdentifiedRecord {
  readonly record: unknown;
  readonly shape: Shape;
  readonly id: string;
  /** Its event time; null where it has no readable one. */
  readonly millis: Millis | null;
  /** The audit event first. */
  readonly forms: readonly Form[];
}

/** Identifies a record. Its siblings and the page do not matter. */
export function identify(record: unknown, names: IdNames): IdentifiedRecord {
  const reading = read(record);
  const shape = reading?.shape ?? null;
  const { id, revision } = identityOf(record, shape, names);
  const millis = reading?.occurredAt?.millis ?? null;
  const changesPolicy = reading !== undefined && classificationOf(reading).action === POLICY_ACTION;
  const forms = ENCODERS.filter((encoder) => encoder.appliesTo({ changesPolicy })).map((encoder) => ({
    encoder,
    publishedId: publishedIdOf(encoder.idOf(id), revision, millis),
  }));
  return { record, shape, id, millis, forms };
}

/** The record's own shape decides how it is read, whichever envelope it came in. undefined: it cannot be read. */
export function read(record: unknown): Reading | undefined {
  return hasConfigurationShape(record) ? readConfigurationRecord(record) : readAuditRecord(record);
}
