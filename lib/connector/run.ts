import type { ExpectedActivity } from '../contract/expected-activity';
import type { ConnectorSettings, SeverityProfile } from '../contract/settings';
import { ConnectorError } from './errors';
import type { Archive, Bus, Clock, Deadline, Dialect, OpenAuditLog, StateStore, Telemetry, Tenure } from './ports';

/** What every run works with. */
export interface PollDeps {
  readonly openAuditLog: OpenAuditLog;
  readonly state: StateStore;
  readonly bus: Bus;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly newRunId: () => string;
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

/** One run of one connector that holds a lease: the connector's own, unless it says otherwise. */
export interface Run<Held = Tenure> extends Omit<PollDeps, 'state' | 'newRunId' | 'bus'> {
  readonly connector: ConnectorSettings;
  readonly tenure: Held;
  readonly deadline: Deadline;
  readonly runId: string;
  readonly publish: Bus['publish'];
  readonly progress: Progress;
}

/** Publishes, but asks first, once, whether the bus is there: PutEvents to one that is not answers success. */
export function publishOnExistingBus(bus: Bus): Bus['publish'] {
  let exists: Promise<void> | undefined;
  return async (events, deadline) => {
    if (deadline.isNear()) return { accepted: [], refused: [], unsent: events };
    await (exists ??= bus.assertExists(deadline));
    return bus.publish(events, deadline);
  };
}

/** Puts an object only while there is time left to publish what it belongs to. */
export function archiveInTime(archive: Archive): Archive {
  return {
    async put(key, json, deadline) {
      if (deadline.isNear()) throw new ConnectorError('OUT_OF_TIME', 'the time of this run was over before an object was put into the archive; the next run goes on from the same place');
      return archive.put(key, json, deadline);
    },
  };
}
