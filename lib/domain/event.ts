import type { Millis } from './time';

/** What goes on the bus: an entry before it is serialized. */
export interface BusEvent {
  readonly detailType: string;
  /** The entry's `Time`. */
  readonly time: Millis;
  readonly detail: object;
}
