/** Seconds between two ticks of a connector. */
export const POLL_PERIOD_SECONDS = 300;

/** Seconds a watermark may be behind. Four ticks: one that fails, and one that is late, wake nobody. */
export const STALE_SECONDS = 4 * POLL_PERIOD_SECONDS;

/**
 * Seconds one invocation may take. A run's lease lasts as long as the run could (plus 5 s, and 10 s of clock skew for
 * the next owner), so timeout + 15 s must stay below the period: a killed run's lease is over before the next tick.
 */
export const POLL_TIMEOUT_SECONDS = 240;

/** MiB. */
export const POLL_MEMORY_MIB = 512;

/** Days a published id is remembered: the 90 for which Tailscale keeps its log, and slack. */
export const PUBLISHED_RETENTION_DAYS = 100;

/** Failed runs in a row after which the connector is blind, however old the watermark is. One alone may be a hiccup. */
export const BLIND_AFTER = 2;
