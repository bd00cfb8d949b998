import { createHash } from 'node:crypto';
import pMap from 'p-map';
import { METRIC, type ArchivePrefix } from '../contract/names';
import { boundAuditEvent, boundPolicyDiffEvent, MAX_DETAIL_BYTES } from '../events/bound';
import type { NormalizedEvent } from '../events/normalize';
import type { Hold, Millis } from './ports';
import type { Run } from './run';

/** Objects written at once: they are rare, and each is held in memory. */
const CONCURRENCY = 4;

type SetAside = Pick<Run<Pick<Hold<unknown>, 'recordQuarantine'>>, 'archive' | 'connector' | 'deadline' | 'telemetry' | 'tenure' | 'clock'>;

/**
 * Events that are too large for some targets of a rule go whole into the archive, before their small form goes out with
 * the claim check: who, what, when and severity stay in the event.
 */
export async function claimOversized(run: SetAside, events: readonly NormalizedEvent[]): Promise<NormalizedEvent[]> {
  return pMap(events, (event) => claim(run, event), { concurrency: CONCURRENCY });
}

async function claim({ archive, connector, deadline, telemetry }: SetAside, event: NormalizedEvent): Promise<NormalizedEvent> {
  const json = JSON.stringify(event.detail);
  if (Buffer.byteLength(json) <= MAX_DETAIL_BYTES) return event;
  const claimCheck = await archive.put(claimKey(connector.id, event, json), json, deadline);
  telemetry.count(connector.id, METRIC.claimed, 1);
  const { detail } = event;
  const small = detail.stream === 'audit' ? boundAuditEvent({ ...detail, claimCheck }, MAX_DETAIL_BYTES) : boundPolicyDiffEvent({ ...detail, claimCheck }, MAX_DETAIL_BYTES);
  return { ...event, detail: small };
}

/**
 * Keeps an event that the bus will not take, or a record that could not be read: first the object, then the entry in
 * the ledger that points to it. Polling goes on behind it.
 */
export async function quarantine({ archive, connector, deadline, telemetry, tenure, clock }: SetAside, event: NormalizedEvent, reason: string): Promise<void> {
  const object = await archive.put(quarantineObjectKey(connector.id, event), JSON.stringify(event), deadline);
  await tenure.recordQuarantine({ id: `${event.detail.id}:${event.detail.contentHash.slice(0, 16)}`, reason, object, at: clock.now() });
  telemetry.count(connector.id, METRIC.quarantined, 1);
  telemetry.warn('an event was put aside', { connector: connector.id, id: event.detail.id, reason, key: object.key });
}

/** A diff has its audit event's content, and a revision its predecessor's id: only both together are one object. */
function quarantineObjectKey(connector: string, { time, detail }: NormalizedEvent): string {
  return objectKey('quarantine', connector, time, detail.id, detail.contentHash);
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
