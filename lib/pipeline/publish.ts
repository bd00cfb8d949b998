import type { Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { EventBus } from '../ports/event-bus';

/**
 * A `publish` that asks first, once, whether the bus exists: PutEvents to one that does not exist reports success. Sends
 * nothing once only the last commit still fits.
 */
export function publishOnExistingBus(bus: EventBus): EventBus['publish'] {
  let exists: Promise<void> | undefined;
  return async (events, deadline: Deadline) => {
    if (deadline.isOver()) return { accepted: [], refused: [], unsent: events };
    try {
      await (exists ??= bus.assertExists(deadline));
    } catch (error) {
      exists = undefined;
      // A call that the end of the run cut off says nothing about the bus.
      const isOutOfTime = error instanceof ConnectorError && error.code === 'BUS_EXHAUSTED' && deadline.isNear();
      if (isOutOfTime) return { accepted: [], refused: [], unsent: events };
      throw error;
    }
    return bus.publish(events, deadline);
  };
}
