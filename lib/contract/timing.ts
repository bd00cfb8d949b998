/** Seconds between two ticks of a connector. */
export const POLL_PERIOD_SECONDS = 300;

/** Seconds a watermark may lag. Four ticks, so that one failed and one late tick raise no alarm. */
export const STALE_SECONDS = 4 * POLL_PERIOD_SECONDS;

/**
 * Seconds one invocation may take. A run's lease lasts until the timeout plus 5 s, and the next owner allows 10 s of clock
 * skew: timeout + 15 s must stay below the period, so that a killed run's lease expires before the next tick.
 */
export const POLL_TIMEOUT_SECONDS = 240;

/** MiB. */
export const POLL_MEMORY_MIB = 512;

/** Days a published id is kept: the 90 for which Tailscale keeps its log, and 10 of margin. */
export const PUBLISHED_RETENTION_DAYS = 100;

/** Failed runs in a row after which the connector counts as blind, whatever the age of its watermark. */
export const BLIND_AFTER = 2;
