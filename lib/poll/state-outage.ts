import { BLIND_AFTER } from '../contract/timing';
import type { Clock, Deadline } from '../domain/deadline';
import { toConnectorError } from '../domain/errors';
import { rfc3339, type Millis } from '../domain/time';
import type { HealthNotice } from '../events/encode/health';
import { publishOnExistingBus } from '../pipeline/publish';
import type { Acquisition, LiveLease, StateStore } from '../ports/checkpoints';
import type { EventBus } from '../ports/event-bus';
import type { Telemetry } from '../ports/telemetry';
import { emitHealthEvent } from './health';
import { REPEAT_MS } from './silence';

/** Runs in a row that could not reach their checkpoint, as far as this process remembers. */
export interface StateOutage {
  readonly failures: number;
  readonly since: Millis;
  /** When a health event last reported it; null: none did. */
  readonly reportedAt: Millis | null;
}

/** By connector. */
export type StateOutages = Map<string, StateOutage>;

export interface AcquireDeps {
  readonly state: StateStore;
  /** Kept for as long as the process lives. */
  readonly outages: StateOutages;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Takes the lease. Where several runs in a row could not reach the state, a health event reports it without the lease.
 *
 * @throws ConnectorError STATE_UNAVAILABLE, STATE_INVALID.
 */
export async function acquire(
  connector: string,
  runId: string,
  { state, outages, bus, clock, telemetry }: AcquireDeps,
  deadline: Deadline,
): Promise<Acquisition> {
  try {
    return await state.acquire(connector, runId, deadline);
  } catch (thrown) {
    const { code, message } = toConnectorError(thrown);
    const now = clock.now();
    const before = outages.get(connector) ?? { failures: 0, since: now, reportedAt: null };
    const outage = { ...before, failures: before.failures + 1 };
    outages.set(connector, outage);
    const isReported = outage.reportedAt !== null && now - outage.reportedAt < REPEAT_MS;
    if (outage.failures < BLIND_AFTER || isReported) throw thrown;
    const description = `${outage.failures} runs in a row could not reach the checkpoint, since ${rfc3339(outage.since)}: ${message}`;
    const notice: HealthNotice = { kind: 'blind', description, code, at: now, runId, interval: null };
    try {
      const publish = publishOnExistingBus(bus);
      await emitHealthEvent(notice, { connector, tailnet: null, publish, deadline });
      outages.set(connector, { ...outage, reportedAt: now });
    } catch (error) {
      const reason = toConnectorError(error).message;
      telemetry.warn('a health event could not be published', { connector, kind: 'blind', reason });
    }
    throw thrown;
  }
}

/** The state can be reached again: from here on the checkpoint knows what was reported. */
export async function adoptOutage(
  connector: string,
  lease: Pick<LiveLease, 'health' | 'saveAlerts'>,
  outages: StateOutages,
): Promise<void> {
  const outage = outages.get(connector);
  if (outage?.reportedAt != null) {
    const { alert, owed } = lease.health;
    // A recovery that is still owed was before the outage: emitted now, it would hide it.
    const later = owed.filter(({ kind }) => kind !== 'recovered');
    await lease.saveAlerts({
      alert: alert ?? { kind: 'blind', since: outage.since, at: outage.reportedAt },
      owed: later,
    });
  }
  outages.delete(connector);
}
