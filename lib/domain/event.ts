import type { PublishedId } from './published-id';
import type { Millis } from './time';

export interface Actor {
  readonly id: string | null;
  readonly type: string | null;
  readonly loginName: string | null;
  readonly displayName: string | null;
  readonly tags: readonly string[];
  readonly ip: string | null;
}

export interface Target {
  readonly id: string | null;
  readonly name: string | null;
  readonly type: string | null;
  readonly property: string | null;
}

/** One record of the audit log, normalized. All text from Tailscale in it is redacted; what the record lacks is null. */
export interface DomainEvent {
  /** Of the record; see lib/events/identity. */
  readonly id: string;
  /** SHA-256 over the pinned fields after redaction, 64 hex digits. */
  readonly contentHash: string;
  /** False: nothing of the record could be read, and all of it is in `raw`. */
  readonly isParsed: boolean;
  readonly action: string;
  /** Tailscale's own triple `TARGET.ACTION[.PROPERTY]`; null in the audit dialect. */
  readonly native: string | null;
  readonly severity: 'info' | 'medium' | 'high';
  /** The thing, then the change. */
  readonly title: string;
  /** RFC 3339, as received. */
  readonly occurredAt: string | null;
  readonly actor: Actor;
  readonly target: Target;
  /** Tailscale's reason for a failure; null: the change succeeded. */
  readonly error: string | null;
  /** Of any JSON type; for a policy change the two policy files. */
  readonly old: unknown;
  readonly new: unknown;
  readonly changesPolicy: boolean;
  readonly origin: string | null;
  readonly groupId: string | null;
  /** The event time was at or before the watermark when the record's window was read. */
  readonly late: boolean;
  /** The record is the connector's own token request. */
  readonly self: boolean;
  readonly redactions: readonly { readonly path: string; readonly kind: string }[];
  /** Paths whose name, value or type the connector does not know. */
  readonly schemaDrift: readonly string[];
  /** The expected-activity rule that matches; null: no rule does. */
  readonly expected: { readonly rule: string; readonly reason: string } | null;
  /** The redacted record without `old` and `new`. */
  readonly raw: unknown;
}

/** An entry of the bus before it is serialized. */
export interface BusEvent {
  readonly detailType: string;
  /** The entry's `Time`. */
  readonly time: Millis;
  readonly detail: object;
}

/** A published form of a domain event. */
export interface EncodedEvent extends BusEvent {
  /** Of this form. */
  readonly id: string;
  readonly contentHash: string;
  readonly publishedId: PublishedId;
  /** What reports count it as: the action, or a word for the form. */
  readonly countedAs: string;
  readonly severity: DomainEvent['severity'];
}
