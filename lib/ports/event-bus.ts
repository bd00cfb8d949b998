import type { Deadline } from '../domain/deadline';
import type { BusEvent } from '../domain/event';

export interface Delivery<Event extends BusEvent = BusEvent> {
  /** The bus gave an EventId for these. */
  readonly accepted: readonly Event[];
  /** The bus will never take these. */
  readonly refused: readonly { readonly event: Event; readonly code: string }[];
  /** Not known to be on the bus: tries or time ran out. */
  readonly unsent: readonly Event[];
}

export interface EventBus {
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
