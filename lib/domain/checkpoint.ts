import type { Dialect } from './dialect';
import { DAY, HOUR, type Millis, type Window } from './time';

/** A window that is being paged through. */
export interface Inflight extends Window {
  /** `asOf` of the window's first answer: the watermark may close over nothing later. null before that answer. */
  readonly asOf: Millis | null;
  readonly cursor: string | null;
  /** Pages committed so far. */
  readonly page: number;
  /** How often the API refused the cursor and the window was read again from its start. */
  readonly restarts: number;
}

/** A sweep reads again what is older than the overlap, for records that Tailscale shows very late. */
export type SweepTier = 'hourly' | 'daily';

/** One tier of sweeps. */
export interface SweepCheckpoint {
  /** When the last completed sweep began; before the first one, when the connector was installed. */
  readonly doneFrom: Millis;
  /** The sweep that is under way, and when it began. */
  readonly inflight: (Inflight & { readonly startedAt: Millis }) | null;
}

/** How far a connector has read. */
export interface Place {
  /** Everything before it is on the bus. */
  readonly watermark: Millis;
  readonly inflight: Inflight | null;
  /** What answered last; null before the first good answer. */
  readonly dialect: Dialect | null;
  readonly sweeps: Readonly<Record<SweepTier, SweepCheckpoint>>;
}

/** Written once, never expires: distinguishes a first run from lost state. */
export interface InstallationRecord {
  readonly installedAt: Millis;
  readonly startFrom: Millis;
  /** Fixed by the first good answer: ids are made with it. */
  readonly tailnetKey: string | null;
  /** The first tailnet that an envelope named; another one later means that the credential is for another tailnet. */
  readonly tailnetId: string | null;
  /** 64 hex digits, random, fixed when the connector was installed: ids are made with it. Never published. */
  readonly idKey: string;
  /** A commit has succeeded: from then on a missing watermark is lost state. */
  readonly committed: boolean;
}

/** How a run ended. `whole`: it read the log up to its start, and swept what was due. */
export type Ending = 'whole' | 'partial' | 'waiting' | 'failed';

/** What is known of how a connector has fared. Kept in the checkpoint. */
export interface HealthRecord {
  /** How the last run ended, with its error code if it failed, and since when runs end like that. null: none has ended yet. */
  readonly ending: { readonly how: Ending; readonly code: string | null; readonly since: Millis } | null;
  /** When a run last moved the checkpoint or delivered a unit; null: never. */
  readonly progressAt: Millis | null;
  /** The silence that was reported and has not ended; null: no silence. `at` is when it was reported last. */
  readonly alert: { readonly kind: 'blind' | 'catchingUp'; readonly since: Millis; readonly at: Millis } | null;
  /** Health events that could not be published yet, oldest first. */
  readonly owed: readonly OwedHealthEvent[];
  /** Time of the newest event ever read; null: none. */
  readonly lastEventAt: Millis | null;
  /** When each rule of expected activity last matched, by its name. */
  readonly matched: Readonly<Record<string, Millis>>;
}

export interface OwedHealthEvent {
  readonly kind: 'blind' | 'recovered' | 'catchingUp' | 'tailnetChanged' | 'dialectChanged';
  readonly description: string;
  readonly code: string | null;
  readonly at: Millis;
  readonly runId: string;
  readonly interval: Window | null;
}

/** How often a tier sweeps, and how late a record may show up for it to be found. */
export const SWEEPS: Readonly<Record<SweepTier, { readonly periodMs: Millis; readonly horizonMs: Millis }>> = {
  hourly: { periodMs: HOUR, horizonMs: DAY },
  daily: { periodMs: DAY, horizonMs: 7 * DAY },
};
