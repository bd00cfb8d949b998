import { createHash } from 'node:crypto';
import { METRIC, type ArchivePrefix } from '../contract/names';
import { boundAuditEvent, boundPolicyDiffEvent, MAX_DETAIL_BYTES } from '../events/encode/bound';
import type { NormalizedEvent } from '../events/normalize';
import type { ArchivedObject, RawReason } from '../domain/quarantine';
import type { OversizedRecord } from '../domain/record';
import type { Millis } from '../domain/time';
import type { Lease } from '../ports/checkpoints';
import type { Run } from './run';

type Archiving = Pick<
  Run<Pick<Lease<unknown>, 'recordQuarantine'>>,
  'archive' | 'connector' | 'deadline' | 'telemetry' | 'lease' | 'clock'
>;

/**
 * Keeps an event whole in the archive. Answers its small form, with the claim check: who, what, when and severity stay.
 *
 * @throws ConnectorError ARCHIVE_UNAVAILABLE, OUT_OF_TIME.
 */
export async function claim(
  { archive, connector, deadline, telemetry }: Archiving,
  event: NormalizedEvent,
): Promise<NormalizedEvent> {
  const json = JSON.stringify(event.detail);
  const claimCheck = await archive.put(claimKey(connector.id, event, json), json, deadline);
  telemetry.count(connector.id, METRIC.claimed, 1);
  const { detail } = event;
  const small =
    detail.stream === 'audit'
      ? boundAuditEvent({ ...detail, claimCheck }, MAX_DETAIL_BYTES)
      : boundPolicyDiffEvent({ ...detail, claimCheck }, MAX_DETAIL_BYTES);
  return { ...event, detail: small };
}

/**
 * Quarantines an event that EventBridge rejected, or the event of a record that could not be read: first the object, then
 * the ledger entry that points to it.
 *
 * @throws ConnectorError ARCHIVE_UNAVAILABLE, OUT_OF_TIME, STATE_UNAVAILABLE.
 */
export async function quarantineEvent(run: Archiving, event: NormalizedEvent, reason: string): Promise<void> {
  const { detail, time } = event;
  // A diff has its audit event's content, and a revision its predecessor's id: only both together are one object.
  const object = await run.archive.put(
    objectKey('quarantine', run.connector.id, time, detail.id, detail.contentHash),
    JSON.stringify(event),
    run.deadline,
  );
  await record(run, `${detail.id}:${detail.contentHash.slice(0, 16)}`, reason, object, null);
}

/** A record whose events cannot be made, as Tailscale sent it. */
export interface RawRecord {
  readonly id: string;
  readonly reason: RawReason;
  /** Its event time, else when it was received. */
  readonly time: Millis;
  /** Where it was found, for a person. */
  readonly position: string;
  readonly content: Uint8Array | OversizedRecord['file'];
}

/** Where a raw record is kept. */
export const rawKey = (connector: string, { time, id, reason }: RawRecord): string =>
  objectKey('quarantine', connector, time, id, reason.padEnd(16, '0'));

/** As quarantineEvent, for the bytes of a record. They are kept as they came, with whatever is in them. */
export async function quarantineRaw(run: Archiving, raw: RawRecord): Promise<void> {
  const { archive, connector, deadline } = run;
  const key = rawKey(connector.id, raw);
  const object =
    raw.content instanceof Uint8Array
      ? await archive.put(key, raw.content, deadline)
      : await archive.putFile(key, raw.content, deadline);
  await record(run, raw.id, raw.reason, object, raw.position);
}

async function record(
  { lease, telemetry, connector, clock }: Archiving,
  id: string,
  reason: string,
  object: ArchivedObject,
  position: string | null,
): Promise<void> {
  await lease.recordQuarantine({ id, reason, object, at: clock.now(), position });
  telemetry.count(connector.id, METRIC.quarantined, 1);
  telemetry.warn('quarantined', { connector: connector.id, id, reason, key: object.key });
}

/**
 * By what is claimed, to the byte: after a crash the event goes out again with another run in it, and the claim checks of
 * both copies must stay true.
 */
export function claimKey(connector: string, { time, detail }: NormalizedEvent, json: string): string {
  return objectKey('claims', connector, time, detail.id, createHash('sha256').update(json).digest('hex'));
}

function objectKey(prefix: ArchivePrefix, connector: string, time: Millis, id: string, hash: string): string {
  return `${prefix}/${connector}/${new Date(time).toISOString().slice(0, 10)}/${id.replace(':', '-')}-${hash.slice(0, 16)}.json.gz`;
}
