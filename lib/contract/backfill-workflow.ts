/** Slices side by side. Tailscale names no rate for its audit log, so few. */
export const DEFAULT_CONCURRENCY = 4;

/** Beyond it Tailscale would only ask to wait; and to Step Functions 0 would mean no bound at all. */
export const MAX_CONCURRENCY = 40;

/** States of the backfill workflow that others look for in its history. */
export const BACKFILL_STATE = {
  plan: 'Plan the range',
  slices: 'Run the slices',
  slice: 'Run a slice',
  report: 'Report',
} as const;
