import { callMs } from '../../lib/domain/deadline';
import { ConnectorError } from '../../lib/domain/errors';
import type { BusEvent } from '../../lib/domain/event';
import type { EventBus, Delivery } from '../../lib/ports/event-bus';
import { NoAnswer, type Io } from './in-memory-io';

/** The far side of a bus: what arrived, and what it will not take. */
export interface InMemoryEventBus {
  /** While false, an entry is answered with success and goes nowhere, as on AWS. */
  exists: boolean;
  /** EventBridge's code for an entry that is not taken; undefined: it is. */
  refuse: (event: BusEvent) => string | undefined;
  onArrival: (event: BusEvent) => void;
}

export const createInMemoryEventBus = (): InMemoryEventBus => ({
  exists: true,
  refuse: () => undefined,
  onArrival: () => undefined,
});

const REFUSED_FOR_GOOD: readonly string[] = ['MalformedDetail', 'InvalidArgument'];

const denied = () => new ConnectorError('BUS_DENIED', 'EventBridge answered AccessDeniedException');

/** A bus whose entries arrive in memory. Refusals that may pass are not waited out: the entry stays unsent. */
export function createInMemoryBus(far: InMemoryEventBus, io: Io): EventBus {
  const put = <Event extends BusEvent>(events: readonly Event[]): Delivery<Event> => {
    const accepted: Event[] = [];
    const refused: { event: Event; code: string }[] = [];
    const unsent: Event[] = [];
    for (const event of events) {
      const code = far.refuse(event);
      if (code?.startsWith('AccessDenied') === true) throw denied();
      if (code === undefined) {
        if (far.exists) far.onArrival(event);
        accepted.push(event);
      } else if (REFUSED_FOR_GOOD.includes(code)) refused.push({ event, code });
      else unsent.push(event);
    }
    return { accepted, refused, unsent };
  };

  return {
    async assertExists(deadline) {
      try {
        await io(
          { service: 'bus', name: 'describe', writes: false, limitMs: callMs(deadline, 20_000), deadline },
          () => {
            if (!far.exists)
              throw new ConnectorError('BUS_MISSING', 'there is no event bus of this name in this account and region');
          },
        );
      } catch (error) {
        throw error instanceof NoAnswer
          ? new ConnectorError('BUS_EXHAUSTED', 'EventBridge could not be reached')
          : error;
      }
    },
    async publish(events, deadline) {
      const unsent = { accepted: [], refused: [], unsent: events };
      if (deadline.isOver()) return unsent;
      try {
        return await io(
          {
            service: 'bus',
            name: 'publish',
            about: `${events.length} events`,
            writes: true,
            limitMs: callMs(deadline, 60_000),
            deadline,
          },
          () => put(events),
        );
      } catch (error) {
        if (error instanceof NoAnswer) return unsent;
        throw error;
      }
    },
  };
}
