/** An instant: whole milliseconds since 1970, UTC. */
export type Millis = number;

/** Half-open. */
export interface Window {
  readonly from: Millis;
  /** Not included. */
  readonly until: Millis;
}
