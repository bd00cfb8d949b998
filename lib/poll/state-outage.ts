import { rfc3339 } from '../domain/time';
import type { ConnectorSettings } from '../contract/settings';
import { toConnectorError } from '../domain/errors';
import { announce } from '../pipeline/health-events';
import type { Acquisition } from '../ports/checkpoints';
import type { Deadline } from '../domain/deadline';
import { publishOnExistingBus, type PollDeps, type Run } from '../pipeline/run';
import { BLIND_AFTER } from '../contract/timing';
import { REPEAT_MS } from './silence';

/**
 * Takes the lease. Where the state cannot be reached for several runs in a row, that is announced without it.
 *
 * @throws ConnectorError STATE_UNAVAILABLE, STATE_INVALID.
 */
export async function acquire(
  connector: ConnectorSettings,
  runId: string,
  deps: PollDeps,
  deadline: Deadline,
): Promise<Acquisition> {
  const { state, outages, clock } = deps;
  try {
    return await state.acquire(connector.id, runId, deadline);
  } catch (thrown) {
    const { code, message } = toConnectorError(thrown);
    const now = clock.now();
    const before = outages.get(connector.id) ?? { failures: 0, since: now, announcedAt: null };
    const outage = { ...before, failures: before.failures + 1 };
    const isDue =
      outage.failures >= BLIND_AFTER && (outage.announcedAt === null || now - outage.announcedAt >= REPEAT_MS);
    const description = `${outage.failures} runs in a row could not reach the checkpoint, since ${rfc3339(outage.since)}: ${message}`;
    const isTold = isDue && (await tryToAnnounce(connector, runId, deps, deadline, description, code));
    outages.set(connector.id, isTold ? { ...outage, announcedAt: now } : outage);
    throw thrown;
  }
}

/** The state is back: from here on the checkpoint knows what was announced. */
export async function adoptOutage({ lease, connector }: Run, { outages }: Pick<PollDeps, 'outages'>): Promise<void> {
  const outage = outages.get(connector.id);
  if (outage?.announcedAt != null) {
    const { alert, owed } = lease.health;
    // A recovery that is still owed was before the outage: announced now, it would hide it.
    const later = owed.filter(({ kind }) => kind !== 'recovered');
    await lease.saveAlerts({
      alert: alert ?? { kind: 'blind', since: outage.since, at: outage.announcedAt },
      owed: later,
    });
  }
  outages.delete(connector.id);
}

async function tryToAnnounce(
  connector: ConnectorSettings,
  runId: string,
  { bus, clock, telemetry }: PollDeps,
  deadline: Deadline,
  description: string,
  code: string,
): Promise<boolean> {
  try {
    const announcer = {
      connector,
      deadline,
      publish: publishOnExistingBus(bus),
      lease: { installation: { tailnetKey: null } },
    };
    await announce(announcer, { kind: 'blind', description, code, at: clock.now(), runId, interval: null });
    return true;
  } catch (thrown) {
    telemetry.warn('a health event could not be published', {
      connector: connector.id,
      kind: 'blind',
      reason: toConnectorError(thrown).message,
    });
    return false;
  }
}
