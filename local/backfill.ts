import pMap from 'p-map';
import pRetry from 'p-retry';
import { requestOf, type RangeOptions } from '../cli/backfill/range';
import {
  BACKFILL_ERROR,
  DEFAULT_CONCURRENCY,
  type BackfillPlan,
  type BackfillReport,
  type SliceInvocation,
} from '../lib/contract/backfill';
import type { LocalConnector } from './local-connector';

/** Milliseconds between the retries of a slice, doubled each time. A Retry-After of Tailscale can be minutes long. */
const RETRIES = { retries: 8, minTimeout: 1_000, maxTimeout: 120_000 };

/**
 * Runs a backfill in this process, without the state machine. The connector must have polled once, because a backfill
 * reads the tailnet and the watermark from the table.
 *
 * @param note Receives each line of progress.
 */
export async function runBackfill(
  connector: Pick<LocalConnector, 'backfill'>,
  options: RangeOptions,
  note: (line: string) => void,
): Promise<BackfillReport> {
  const plan = (await connector.backfill({ ...requestOf(options), action: 'plan' })) as BackfillPlan;
  const { jobId, connector: id, from, until, dialect, slices, notes } = plan;
  note(`${jobId}: ${from} until ${until}, ${dialect} dialect`);
  for (const text of notes) note(`note: ${text}`);
  let done = 0;
  await pMap(
    slices,
    async (slice) => {
      await finish(connector, slice);
      note(`${(done += 1)} of ${slices.length} slices done`);
    },
    { concurrency: options.concurrency ?? DEFAULT_CONCURRENCY },
  );
  return (await connector.backfill({ action: 'report', connector: id, jobId })) as BackfillReport;
}

/** Invokes a slice, and each `next`, until it is done. */
async function finish(connector: Pick<LocalConnector, 'backfill'>, slice: SliceInvocation): Promise<void> {
  for (let next: SliceInvocation | null = slice; next !== null;) {
    const invocation: SliceInvocation = next;
    const report = (await pRetry(() => connector.backfill(invocation), {
      ...RETRIES,
      shouldRetry: ({ error }) => Object.values<string>(BACKFILL_ERROR).includes(error.name),
    })) as BackfillReport;
    next = report.next;
  }
}
