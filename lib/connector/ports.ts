import type { ConnectorSettings } from '../contract/settings';
import type { MetricName } from '../contract/names';
import type { ErrorCode } from './errors';

/** An instant: whole milliseconds since 1970, UTC. */
export type Millis = number;

/** The two forms of Tailscale's audit API. */
export type Dialect = 'audit' | 'configuration';

/** Half-open. */
export interface Window {
  readonly from: Millis;
  /** Not included. */
  readonly until: Millis;
}

export interface Clock {
  now(): Millis;
}

/** How long this run may go on. Its last part is a reserve, kept to deliver what is ready and for the last commit. */
export interface Deadline {
  /** Milliseconds until calls must have ended; never negative. */
  remaining(): Millis;
  /** Milliseconds until the reserve begins; 0 inside it. No request to Tailscale or to Secrets Manager may last longer. */
  untilNear(): Millis;
  /** The reserve has begun: no new work starts, what is ready is still delivered. */
  isNear(): boolean;
  /** Only the last commit still fits. */
  isOver(): boolean;
}

// ---- Tailscale -------------------------------------------------------------------------------------------------

/** One answer of the audit API. */
export interface AuditLogPage {
  /** As parsed from JSON; integers beyond 2^53 and numbers that a double cannot hold are strings. */
  readonly records: readonly unknown[];
  /** Continues the window behind this page; null: this was the last. Opaque above lib/tailscale. */
  readonly cursor: string | null;
  /** On the last page: the instant up to which the log was asked for; null where the dialect has no end and read up to `asOf`. */
  readonly until: Millis | null;
  /** Not after the instant at which the server answered, by its own clock and by ours. */
  readonly asOf: Millis;
  /** Server's clock minus ours, in milliseconds; null when the answer had no Date header. */
  readonly skewMs: number | null;
  /** The tailnet's id or name as the envelope gives it; null where the dialect names none. */
  readonly tailnet: string | null;
  /** The OAuth client that asked; null for an API key. Its own token requests are in the log too. */
  readonly oauthClientId: string | null;
  readonly dialect: Dialect;
}

export interface AuditLog {
  /**
   * Pages of the window, from the cursor on (null: from the start). Fetches one page each time it is pulled.
   *
   * @throws ConnectorError from the first pull on; CURSOR_REFUSED when the given cursor is no longer taken.
   */
  pages(window: Window, cursor: string | null, deadline: Deadline): AsyncGenerator<AuditLogPage, void, void>;
}

/** Opens a connector's audit log. `known` is the dialect that answered before; `auto` asks again only where it is null. */
export type OpenAuditLog = (connector: ConnectorSettings, known: Dialect | null) => AuditLog;

// ---- Credentials -----------------------------------------------------------------------------------------------

/** A string that cannot be printed: every conversion says `[redacted]`. */
export interface Secret {
  reveal(): string;
}

export type Credential =
  | { readonly kind: 'api-key'; readonly apiKey: Secret }
  | { readonly kind: 'oauth-client'; readonly clientId: string; readonly clientSecret: Secret };

export interface VersionedCredential {
  readonly credential: Credential;
  /** Changes with every put-secret-value. */
  readonly version: string;
}

export interface CredentialStore {
  /**
   * The credential, from the cache if it is there.
   *
   * @throws ConnectorError SECRET_EMPTY, SECRET_INVALID, SECRET_UNAVAILABLE, CREDENTIAL_KIND.
   */
  get(secretId: string): Promise<VersionedCredential>;
  /** Past the cache. */
  refetch(secretId: string): Promise<VersionedCredential>;
}

// ---- The bus ---------------------------------------------------------------------------------------------------

/** What goes on the bus: an entry before it is serialized. */
export interface BusEvent {
  readonly detailType: string;
  /** The entry's `Time`. */
  readonly time: Millis;
  readonly detail: object;
}

export interface Delivery<Event extends BusEvent = BusEvent> {
  /** The bus gave an EventId for these. */
  readonly accepted: readonly Event[];
  /** The bus will never take these. */
  readonly refused: readonly { readonly event: Event; readonly code: string }[];
  /** Not known to be on the bus: tries or time ran out. */
  readonly unsent: readonly Event[];
}

export interface Bus {
  /**
   * PutEvents to a bus that is not there answers success, so this is asked before anything is believed.
   *
   * @throws ConnectorError BUS_MISSING, BUS_DENIED.
   */
  assertExists(deadline: Deadline): Promise<void>;
  /**
   * Publishes all events, resending only the entries that were refused for now.
   *
   * @throws ConnectorError BUS_DENIED. Everything else is in the answer.
   */
  publish<Event extends BusEvent>(events: readonly Event[], deadline: Deadline): Promise<Delivery<Event>>;
}

// ---- The archive -----------------------------------------------------------------------------------------------

/** An object in the archive bucket. */
export interface ArchivedObject {
  readonly bucket: string;
  readonly key: string;
  /** Of the JSON text, before compression, in hex. */
  readonly sha256: string;
  /** Of the JSON text, before compression. */
  readonly bytes: number;
}

/** Keeps what does not fit on the bus, or may not go there. */
export interface Archive {
  /**
   * Keeps a JSON text under a key, compressed. Putting the same again changes nothing.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE.
   */
  put(key: string, json: string, deadline: Deadline): Promise<ArchivedObject>;
}

// ---- State -----------------------------------------------------------------------------------------------------

/** A window that is being paged through. */
export interface Inflight extends Window {
  /** `asOf` of the window's first answer: the watermark may close over nothing later. null before that answer. */
  readonly asOf: Millis | null;
  readonly cursor: string | null;
  /** Pages committed so far. */
  readonly page: number;
  /** How often the API refused the cursor and the window began anew. */
  readonly restarts: number;
}

/** Sweeps read what the overlap has left behind again, for records that show up very late. */
export type SweepTier = 'hourly' | 'daily';

/** Where one tier of sweeps is. */
export interface SweepPlace {
  /** When the last completed sweep began; before the first one, when the connector was installed. */
  readonly doneFrom: Millis;
  /** The sweep that is under way, and when it began. */
  readonly inflight: (Inflight & { readonly startedAt: Millis }) | null;
}

/** Where a connector is. */
export interface Place {
  /** Everything before it is on the bus. */
  readonly watermark: Millis;
  readonly inflight: Inflight | null;
  /** What answered last; null before the first good answer. */
  readonly dialect: Dialect | null;
  /** Overlaps stop here less one overlap: below it the ids are another dialect's. */
  readonly idFloor: Millis | null;
  readonly sweeps: Readonly<Record<SweepTier, SweepPlace>>;
}

/** Written once, never expires: tells a first run from lost state. */
export interface Genesis {
  readonly installedAt: Millis;
  readonly startFrom: Millis;
  /** Fixed by the first good answer: ids are made with it. */
  readonly tailnetKey: string | null;
  /** What the first envelope that names a tailnet said; another one later means that the credential is for another tailnet. */
  readonly tailnetId: string | null;
  /** A commit has succeeded: from then on a missing watermark is lost state. */
  readonly committed: boolean;
}

/** An event's mark in the set of what was published. */
export interface SeenElement {
  /** Event time's hour as `yyyymmddhh` in UTC, or `none`. */
  readonly bucket: string;
  /** 32 hex digits: the first half is the id's, the second the content's. */
  readonly element: string;
}

/** One run's hold on a place, as reading a window needs it. Commits are fenced: they fail once another run took a later token. */
export interface Hold<At> {
  readonly genesis: Genesis;
  readonly place: At;
  /** Elements of these buckets (those not loaded yet are read). */
  seen(buckets: readonly string[]): Promise<SeenSet>;
  /** Adds elements whose events the bus has accepted. */
  markSeen(elements: readonly SeenElement[]): Promise<void>;
  /** Fixes what the first good answer said of the tailnet; what is there already stays. */
  fixTailnet(tailnet: { readonly key: string; readonly id: string | null }): Promise<void>;
  /**
   * Moves to the next place. `release` gives the lease back in the same write; `notBefore` keeps every run away until then.
   *
   * @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE.
   */
  commit(next: At, options?: { readonly release?: boolean; readonly notBefore?: Millis }): Promise<void>;
  /** Writes into the ledger what was put aside, and where it lies. The same event twice is one entry. */
  recordQuarantine(entry: Quarantined): Promise<void>;
}

/** One run's hold on a connector. A rewind ends it too. */
export interface Tenure extends Hold<Place> {
  /** There had been a watermark, and it is gone. The place begins at the installation again. */
  readonly stateLost: boolean;
  /** Failed runs in a row before this one; 0 once this one has ended well. */
  readonly failStreak: number;
  /** The code that the last failed run ended with; null: none has failed. */
  readonly lastFailure: string | null;
  /** After a failure: counts it and gives the lease back. Answers how many runs have failed in a row; null when another run owns the connector. */
  fail(code: ErrorCode): Promise<number | null>;
  /** Writes into the ledger what is known to be lost. The same interval twice is one entry. */
  recordGap(gap: Window): Promise<void>;
}

/** An event that EventBridge will not take, or a record that could not be read: kept whole, outside the bus. */
export interface Quarantined {
  readonly id: string;
  /** Why, as a code: EventBridge's, or `unparsed`. */
  readonly reason: string;
  readonly object: ArchivedObject;
  readonly at: Millis;
}

export interface SeenSet {
  /** `new`: never published. `same`: published with this content. `revised`: published with another content. */
  status(element: SeenElement): 'new' | 'same' | 'revised';
}

export type Acquisition =
  | { readonly state: 'acquired'; readonly tenure: Tenure }
  | { readonly state: 'busy' | 'waiting'; readonly watermark: Millis | null };

export interface StateStore {
  /**
   * Takes the connector's lease, creating its state on the very first run.
   *
   * @throws ConnectorError STATE_UNAVAILABLE.
   */
  acquire(connector: string, runId: string, deadline: Deadline): Promise<Acquisition>;
}

// ---- Telemetry -------------------------------------------------------------------------------------------------

export interface Telemetry {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  count(connector: string, metric: MetricName, value: number): void;
}
