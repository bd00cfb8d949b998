import type { Deadline } from '../domain/deadline';
import type { BusEvent } from '../domain/event';

export interface Delivery<Event extends BusEvent = BusEvent> {
  /** The bus gave an EventId for these. */
  readonly accepted: readonly Event[];
  /** Rejected by EventBridge for good. */
  readonly refused: readonly { readonly event: Event; readonly code: string }[];
  /** Not known to be on the bus: tries or time ran out. */
  readonly unsent: readonly Event[];
}

export interface EventBus {
  /**
   * Call it before `publish`: PutEvents to a bus that does not exist reports success.
   *
   * @throws ConnectorError BUS_MISSING, BUS_DENIED.
   */
  assertExists(deadline: Deadline): Promise<void>;
  /**
   * Publishes all events, and sends again only the entries that failed for now.
   *
   * @throws ConnectorError BUS_DENIED. Everything else is in the answer.
   */
  publish<Event extends BusEvent>(events: readonly Event[], deadline: Deadline): Promise<Delivery<Event>>;
}
