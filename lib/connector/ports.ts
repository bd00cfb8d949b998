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

/** One record of an answer. `position` counts from 0 within the page, `bytes` are those of its JSON text. */
export type LogRecord =
  /** `value` is parsed; integers beyond 2^53 and numbers that a double cannot hold are strings. `raw` is its JSON text as UTF-8. */
  | {
      readonly kind: 'parsed';
      readonly position: number;
      readonly bytes: number;
      readonly value: unknown;
      readonly raw: Uint8Array;
    }
  /** Where it ends is known, but it is not JSON, not UTF-8, or nested too deep. */
  | {
      readonly kind: 'unreadable';
      readonly position: number;
      readonly bytes: number;
      readonly raw: Uint8Array;
      readonly problem: string;
    }
  | OversizedRecord;

/**
 * A record larger than one may be. Its beginning lies gzipped in a local file, which is deleted when the page is closed or
 * the next batch is pulled; `file.sha256` (hex) and `file.bytes` are of that beginning before compression. `digest` is the
 * SHA-256 of the whole record.
 */
export interface OversizedRecord {
  readonly kind: 'oversized';
  readonly position: number;
  readonly bytes: number;
  readonly digest: string;
  readonly file: { readonly path: string; readonly sha256: string; readonly bytes: number };
}

/** One answer of the audit API, read while it arrives. */
export interface AuditLogPage {
  /**
   * Records as they arrive, in batches of 1 to 100 records and, unless one record alone is larger, 1 MB at most. Can be
   * read once. Leaving the loop early closes the connection.
   *
   * @throws ConnectorError when the body ends early, is not JSON or lacks its list: what was given out before was whole.
   */
  readonly batches: AsyncIterable<readonly LogRecord[]>;
  /** What the rest of the answer said; only after `batches` was read to its end. */
  end(): PageEnd;
  /** Not after the instant at which the server answered, by its own clock and by ours; null: it did not answer in time. */
  readonly asOf: Millis | null;
  /** Server's clock minus ours, in milliseconds; null when the answer had no Date header. */
  readonly skewMs: number | null;
  /** The tailnet's id or name as the envelope gives it, 256 characters at most; null where the dialect names none. */
  readonly tailnet: string | null;
  /** The OAuth client that asked; null for an API key. Its own token requests are in the log too. */
  readonly oauthClientId: string | null;
  readonly dialect: Dialect;
}

export interface PageEnd {
  /** Continues the window after this page; null: this was the last. Opaque above lib/tailscale. */
  readonly cursor: string | null;
  /** On the last page: the instant up to which the log was asked for; null where the dialect has no end and read up to `asOf`. */
  readonly until: Millis | null;
}

export interface AuditLog {
  /**
   * Pages of the window from the cursor on (null: from the start), one request for each pull. A pull after a page was not
   * read to its end closes that page and ends the generator; so does return().
   *
   * @throws ConnectorError from the first pull on; CURSOR_REFUSED when the given cursor is no longer accepted.
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
   * @throws ConnectorError SECRET_EMPTY, SECRET_INVALID, SECRET_UNAVAILABLE, CREDENTIAL_KIND, OUT_OF_TIME.
   */
  get(secretId: string, deadline: Deadline): Promise<VersionedCredential>;
  /** Past the cache. */
  refetch(secretId: string, deadline: Deadline): Promise<VersionedCredential>;
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
   * Keeps a JSON text, or the bytes of one, under a key, compressed. Putting the same again changes nothing.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE.
   */
  put(key: string, content: string | Uint8Array, deadline: Deadline): Promise<ArchivedObject>;
  /**
   * Keeps raw bytes that are already gzipped in a local file, under a key. `sha256` and `bytes` describe the content
   * before compression and are handed through to the answer.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE.
   */
  putFile(key: string, file: OversizedRecord['file'], deadline: Deadline): Promise<ArchivedObject>;
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
  /** 64 hex digits, random, fixed when the connector was installed: ids are made with it. Never published. */
  readonly idKey: string;
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

/** The first half of a mark's element: names a record in a note of work. */
export const idHalf = ({ element }: SeenElement): string => element.slice(0, element.length / 2);

/** How a run ended. `whole`: it read the log up to its start, and swept what was due. */
export type Ending = 'whole' | 'partial' | 'waiting' | 'failed';

/** What is known of how a connector has fared. Kept in the checkpoint. */
export interface HealthRecord {
  /** How the last run ended, with its error code if it failed, and since when runs end like that. null: none has ended yet. */
  readonly ending: { readonly how: Ending; readonly code: string | null; readonly since: Millis } | null;
  /** When a run last moved the checkpoint or delivered a unit; null: never. */
  readonly progressAt: Millis | null;
  /** The silence that was announced last and has not ended; null: there is none. `at` is when it was last announced. */
  readonly alert: { readonly kind: 'blind' | 'catchingUp'; readonly since: Millis; readonly at: Millis } | null;
  /** Announcements that could not be published yet, oldest first. */
  readonly owed: readonly OwedAnnouncement[];
  /** Time of the newest event ever read; null: none. */
  readonly lastEventAt: Millis | null;
  /** When each rule of expected activity last matched, by its name. */
  readonly matched: Readonly<Record<string, Millis>>;
}

export interface OwedAnnouncement {
  readonly kind: 'blind' | 'recovered' | 'catchingUp' | 'tailnetChanged' | 'dialectChanged';
  readonly description: string;
  readonly code: string | null;
  readonly at: Millis;
  readonly runId: string;
  readonly interval: Window | null;
}

export interface CommitOptions {
  /** Gives the lease back in the same write, and says how the run ended. */
  readonly release?: Exclude<Ending, 'failed'>;
  /** Tailscale is not asked before then. */
  readonly notBefore?: Millis;
  /** With `release`: the record (see idHalf) that used up the time of the run. It counts as if the run had died on it. */
  readonly stuckOn?: string;
}

/** One run's hold on a place, as reading a window needs it. Every write is fenced: it fails once another run took a later token. */
export interface Hold<At> {
  readonly genesis: Genesis;
  readonly place: At;
  /** Records that earlier runs were working on when they died: how many runs in a row, by idHalf. */
  readonly suspects: ReadonlyMap<string, number>;
  /** Elements of these buckets (those not loaded yet are read). */
  seen(buckets: readonly string[]): Promise<SeenSet>;
  /** Adds elements whose events the bus has accepted. */
  markSeen(elements: readonly SeenElement[]): Promise<void>;
  /**
   * Notes the records (see idHalf; 200 at most) that this run works on now, instead of those noted before, and checks the
   * fencing token. `deaths`: how many runs in a row have died on them. The next commit of a page erases the note.
   *
   * @param progressed A unit was delivered since the last note.
   * @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE.
   */
  noteWork(records: readonly string[], deaths: number, progressed: boolean): Promise<void>;
  /** Fixes what the first good answer said of the tailnet; what is there already stays. */
  fixTailnet(tailnet: { readonly key: string; readonly id: string | null }): Promise<void>;
  /**
   * Moves to the next place.
   *
   * @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE.
   */
  commit(next: At, options?: CommitOptions): Promise<void>;
  /** Writes into the ledger what was quarantined, and where it lies. The same event twice is one entry. */
  recordQuarantine(entry: Quarantined): Promise<void>;
}

/** One run's hold on a connector. A rewind ends it too. */
export interface Tenure extends Hold<Place> {
  /** There had been a watermark, and it is gone. The place begins at the installation again. */
  readonly stateLost: boolean;
  /** The run before this one neither ended nor failed: it was killed. */
  readonly previousDied: boolean;
  /** Tailscale asked not to be called before then; in the past or null: it may be called. */
  readonly notBefore: Millis | null;
  /** Failed runs in a row before this one; 0 once this one has ended whole or moved the watermark. */
  readonly failStreak: number;
  readonly health: HealthRecord;
  /** Kept with the next commit or failure. */
  observe(seen: { readonly lastEventAt?: Millis; readonly matched?: Readonly<Record<string, Millis>> }): void;
  /**
   * Keeps what was announced and what is owed; what cannot be written now is kept with the next commit or failure. Does
   * nothing when another run owns the connector.
   */
  saveAlerts(alerts: Pick<HealthRecord, 'alert' | 'owed'>): Promise<void>;
  /** After a failure: counts it and gives the lease back. Answers how many runs have failed in a row; null when another run owns the connector. */
  fail(code: ErrorCode): Promise<number | null>;
  /** Writes into the ledger what is known to be lost. The same interval twice is one entry. */
  recordGap(gap: Window): Promise<void>;
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
  /** Where a raw record was found, for a person; null for an event. */
  readonly position: string | null;
}

export interface SeenSet {
  /** `new`: never published. `same`: published with this content. `revised`: published with another content. */
  status(element: SeenElement): 'new' | 'same' | 'revised';
}

export type Acquisition =
  | { readonly state: 'acquired'; readonly tenure: Tenure }
  /** Another run holds the lease. */
  | { readonly state: 'busy'; readonly watermark: Millis | null };

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
