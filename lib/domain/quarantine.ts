import type { Millis } from './time';

/** An object in the archive bucket. */
export interface ArchivedObject {
  readonly bucket: string;
  readonly key: string;
  /** Of the JSON text, before compression, in hex. */
  readonly sha256: string;
  /** Of the JSON text, before compression. */
  readonly bytes: number;
}

/** Why a record is in quarantine as the bytes that Tailscale sent. Its events were never on the bus. */
export const RAW_REASONS = ['too-large', 'unreadable', 'failed', 'died-twice'] as const;

export type RawReason = (typeof RAW_REASONS)[number];

/** An event that EventBridge rejected, or a record that could not be processed: kept outside the bus. */
export interface Quarantined {
  readonly id: string;
  /** Why, as a code: EventBridge's, `unparsed` (the event is on the bus too), or a RawReason. */
  readonly reason: string;
  readonly object: ArchivedObject;
  readonly at: Millis;
  /** Where a raw record was found, in words; null for an event. */
  readonly position: string | null;
}
