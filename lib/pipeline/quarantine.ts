import { createHash } from 'node:crypto';
import { METRIC, type ArchivePrefix } from '../contract/names';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { EncodedEvent } from '../domain/event';
import type { ArchivedObject, RawReason } from '../domain/quarantine';
import type { OversizedRecord } from '../domain/record';
import type { Millis } from '../domain/time';
import { MAX_DETAIL_BYTES } from '../events/encode/bound';
import { encoderOf } from '../events/encode/encoders';
import type { Archive } from '../ports/archive';
import type { Lease } from '../ports/checkpoints';
import type { Telemetry } from '../ports/telemetry';

/** A record whose events cannot be made, as Tailscale sent it. */
export interface RawRecord {
  readonly id: string;
  readonly reason: RawReason;
  /** Its event time, else when it was received. */
  readonly time: Millis;
  /** Where it was found, in words. */
  readonly position: string;
  readonly content: Uint8Array | OversizedRecord['file'];
}

export interface QuarantineDeps {
  readonly connector: string;
  readonly archive: Archive;
  readonly lease: Pick<Lease<unknown>, 'recordQuarantine'>;
  readonly deadline: Deadline;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

/** Keeps outside the bus what is too large for it, what it rejects, and what cannot be read. */
export interface Quarantine {
  /**
   * Keeps an event whole in the archive. Returns its small form with the claim check: who, what, when and severity stay.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE, OUT_OF_TIME.
   */
  claim(event: EncodedEvent): Promise<EncodedEvent>;
  /**
   * Quarantines an event: first the object, then the ledger entry that points to it.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE, OUT_OF_TIME, STATE_UNAVAILABLE.
   */
  event(event: EncodedEvent, reason: string): Promise<void>;
  /** Quarantines the bytes of a record unchanged, secrets included. Throws as `event` does. */
  raw(record: RawRecord): Promise<void>;
}

export function createQuarantine({
  connector,
  archive,
  lease,
  deadline,
  telemetry,
  clock,
}: QuarantineDeps): Quarantine {
  async function keep(key: string, content: string | RawRecord['content']): Promise<ArchivedObject> {
    if (deadline.isOver())
      throw new ConnectorError('OUT_OF_TIME', 'no time was left to write an object; the next run continues from here');
    return typeof content === 'string' || content instanceof Uint8Array
      ? archive.put(key, content, deadline)
      : archive.putFile(key, content, deadline);
  }

  async function record(id: string, reason: string, object: ArchivedObject, position: string | null): Promise<void> {
    await lease.recordQuarantine({ id, reason, object, at: clock.now(), position });
    telemetry.count(connector, METRIC.quarantined, 1);
    telemetry.warn('quarantined', { connector, id, reason, key: object.key });
  }

  return {
    async claim(event) {
      const json = JSON.stringify(event.detail);
      const claimCheck = await keep(claimKey(connector, event, json), json);
      telemetry.count(connector, METRIC.claimed, 1);
      return { ...event, detail: encoderOf(event.detailType).amend(event.detail, { claimCheck }, MAX_DETAIL_BYTES) };
    },
    async event({ detailType, time, detail, id, contentHash, publishedId }, reason) {
      // A diff has its audit event's content, and a revision its predecessor's id: only both together are one object.
      const key = objectKey('quarantine', connector, time, id, contentHash);
      const object = await keep(key, JSON.stringify({ detailType, time, detail, seen: publishedId }));
      await record(`${id}:${contentHash.slice(0, 16)}`, reason, object, null);
    },
    async raw(raw) {
      await record(raw.id, raw.reason, await keep(rawKey(connector, raw), raw.content), raw.position);
    },
  };
}

/** Where a raw record is kept. */
export function rawKey(connector: string, { time, id, reason }: Omit<RawRecord, 'content' | 'position'>): string {
  return objectKey('quarantine', connector, time, id, reason.padEnd(16, '0'));
}

/**
 * By what is claimed, to the byte: after a crash the event is published again with another run in it, and the claim checks
 * of both copies must stay true.
 */
export function claimKey(connector: string, { time, id }: Pick<EncodedEvent, 'time' | 'id'>, json: string): string {
  return objectKey('claims', connector, time, id, createHash('sha256').update(json).digest('hex'));
}

function objectKey(prefix: ArchivePrefix, connector: string, time: Millis, id: string, hash: string): string {
  return `${prefix}/${connector}/${new Date(time).toISOString().slice(0, 10)}/${id.replace(':', '-')}-${hash.slice(0, 16)}.json.gz`;
}
