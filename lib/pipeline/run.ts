import type { ExpectedActivity } from '../contract/expected-activity';
import type { ConnectorSettings, SeverityProfile } from '../contract/settings';
import { ConnectorError } from '../domain/errors';
import type { Dialect } from '../domain/dialect';
import type { Millis } from '../domain/time';
import type { Archive } from '../ports/archive';
import type { OpenAuditLog } from '../ports/audit-log';
import type { StateStore, LiveLease } from '../ports/checkpoints';
import type { Clock, Deadline } from '../domain/deadline';
import type { Bus } from '../ports/event-bus';
import type { Telemetry } from '../ports/telemetry';

/** Runs in a row that could not reach their state, as far as this process remembers: no checkpoint can hold it. */
export interface StateOutage {
  readonly failures: number;
  readonly since: Millis;
  /** When that was announced last; null: it was not. */
  readonly announcedAt: Millis | null;
}

/** By connector. */
export type StateOutages = Map<string, StateOutage>;

/** For a run that publishes again what was published, or marks nothing: what stands on the edge of two pages is taken once. */
export interface Edge {
  readonly force: boolean;
  /** Elements of the page before. */
  previous: ReadonlySet<string>;
}

/** What every run works with. */
export interface PollDeps {
  readonly openAuditLog: OpenAuditLog;
  readonly state: StateStore;
  /** Kept for as long as the process lives. */
  readonly outages: StateOutages;
  readonly bus: Bus;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly newRunId: () => string;
  /** Lets pending requests go on between two pieces of work. */
  readonly nextTurn: () => Promise<unknown>;
  readonly overlapMinutes: number;
  readonly severityProfile: SeverityProfile;
  readonly expectedActivity: readonly ExpectedActivity[];
}

/** What a run has done so far. */
export interface Progress {
  /** Records read. */
  fetched: number;
  /** Events the bus accepted, policy diffs included. */
  emitted: number;
  /** Events dropped because they had been published before. */
  duplicates: number;
  pages: number;
  dialect: Dialect | null;
}

/** State of one run. `tenure` is the connector's, or the slice's in a backfill. */
export interface Run<Held = LiveLease> extends Omit<PollDeps, 'state' | 'outages' | 'newRunId' | 'bus'> {
  readonly connector: ConnectorSettings;
  readonly lease: Held;
  readonly deadline: Deadline;
  readonly runId: string;
  readonly publish: Bus['publish'];
  readonly progress: Progress;
  /** Takes note of what the records show; see Tenure. */
  readonly observe: LiveLease['observe'];
  /** null: what was published before is left out, by the marks in the table alone. */
  readonly edge: Edge | null;
}

/** Publishes, but asks first, once, whether the bus is there: PutEvents to one that is not answers success. */
export function publishOnExistingBus(bus: Bus): Bus['publish'] {
  let exists: Promise<void> | undefined;
  return async (events, deadline) => {
    if (deadline.isOver()) return { accepted: [], refused: [], unsent: events };
    try {
      await (exists ??= bus.assertExists(deadline));
    } catch (error) {
      exists = undefined;
      // A call that was cut off by the run's end says nothing about the bus.
      if (error instanceof ConnectorError && error.code === 'BUS_EXHAUSTED' && deadline.isNear())
        return { accepted: [], refused: [], unsent: events };
      throw error;
    }
    return bus.publish(events, deadline);
  };
}

/** Puts no object once only the last commit still fits: what it belongs to could not be published any more. */
export function archiveInTime(archive: Archive): Archive {
  const assertTime = (deadline: Deadline) => {
    if (deadline.isOver())
      throw new ConnectorError(
        'OUT_OF_TIME',
        'the time of this run was over before an object was put into the archive; the next run goes on from the same place',
      );
  };
  return {
    async put(key, content, deadline) {
      assertTime(deadline);
      return archive.put(key, content, deadline);
    },
    async putFile(key, file, deadline) {
      assertTime(deadline);
      return archive.putFile(key, file, deadline);
    },
  };
}
