/** Milliseconds by which a lease outlasts a run that ends within it. */
export const LEASE_SLACK_MS = 5_000;

/** Milliseconds after its end from which a lease counts as past: two machines' clocks differ. */
export const CLOCK_SKEW_MS = 10_000;
