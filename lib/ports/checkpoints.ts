import type { Ending, InstallationRecord, Place, HealthRecord } from '../domain/checkpoint';
import type { ErrorCode } from '../domain/errors';
import type { PublishedId } from '../domain/published-id';
import type { Quarantined } from '../domain/quarantine';
import type { Millis, Window } from '../domain/time';
import type { Deadline } from '../domain/deadline';
import type { PublishedSet } from './published-ids';

export interface CommitOptions {
  /** Gives the lease back in the same write, and says how the run ended. */
  readonly release?: Exclude<Ending, 'failed'>;
  /** Tailscale is not asked before then. */
  readonly notBefore?: Millis;
  /** With `release`: the record (see idHalf) that used up the time of the run. It counts as if the run had died on it. */
  readonly stuckOn?: string;
}

/** One run's lease of a checkpoint. Every write is fenced: it fails once another run took a later token. */
export interface Lease<State> {
  readonly installation: InstallationRecord;
  readonly checkpoint: State;
  /** Records that earlier runs were working on when they died: how many runs in a row, by idHalf. */
  readonly suspects: ReadonlyMap<string, number>;
  /** What was published with event times in these hours. */
  seen(buckets: readonly string[]): Promise<PublishedSet>;
  /** Adds events that the bus has accepted. */
  markPublished(elements: readonly PublishedId[]): Promise<void>;
  /**
   * Notes the records (see idHalf; 200 at most) that this run works on now, instead of those noted before, and checks the
   * fencing token. `deaths`: how many runs in a row have died on them. The next commit of a page erases the note.
   *
   * @param progressed A unit was delivered since the last note.
   * @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE.
   */
  noteWork(records: readonly string[], deaths: number, progressed: boolean): Promise<void>;
  /** Stores the tailnet of the first good answer; what is stored already stays. */
  fixTailnet(tailnet: { readonly key: string; readonly id: string | null }): Promise<void>;
  /**
   * Writes the next checkpoint.
   *
   * @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE.
   */
  commit(next: State, options?: CommitOptions): Promise<void>;
  /** Writes a ledger entry for what was quarantined. The same event twice is one entry. */
  recordQuarantine(entry: Quarantined): Promise<void>;
}

/** One run's lease of a connector. A rewind ends it too. */
export interface LiveLease extends Lease<Place> {
  /** The stored watermark is gone. The checkpoint begins at the installation again. */
  readonly stateLost: boolean;
  /** The run before this one neither ended nor failed: it was killed. */
  readonly previousDied: boolean;
  /** Tailscale asked not to be called before then; in the past or null: it may be called. */
  readonly notBefore: Millis | null;
  /** Failed runs in a row before this one; 0 once this one has ended whole or moved the watermark. */
  readonly failStreak: number;
  readonly health: HealthRecord;
  /** Stored with the next commit or failure. */
  observe(seen: { readonly lastEventAt?: Millis; readonly matched?: Readonly<Record<string, Millis>> }): void;
  /**
   * Stores what was reported and which health events are owed; what cannot be written now is written with the next commit
   * or failure. Does nothing when another run owns the connector.
   */
  saveAlerts(alerts: Pick<HealthRecord, 'alert' | 'owed'>): Promise<void>;
  /** After a failure: counts it and gives the lease back. Returns how many runs have failed in a row; null when another run owns the connector. */
  fail(code: ErrorCode): Promise<number | null>;
  /** Writes a ledger entry for a lost interval. The same interval twice is one entry. */
  recordGap(gap: Window): Promise<void>;
}

export type Acquisition =
  | { readonly state: 'acquired'; readonly lease: LiveLease }
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
