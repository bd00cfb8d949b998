import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_SLICE_HOURS,
  MAX_CONCURRENCY,
  MAX_SLICE_HOURS,
  type BackfillRequest,
} from '../../lib/contract/backfill';
import { parseDuration } from '../../lib/contract/duration';
import { isInstant } from '../instant';

/** The options of a backfill's range, here and in `npm start`. */
export interface RangeOptions {
  readonly from?: string;
  readonly until?: string;
  readonly last?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly rerun?: number;
  readonly sliceHours?: number;
  readonly concurrency?: number;
}

/** Adds them to a command. Times and durations stay text: the function parses them and knows their limits. */
export function withRange(command: Command): Command {
  return command
    .addOption(new Option('--from <time>', 'start of the range, RFC 3339; at most 90 days ago').argParser(instant))
    .addOption(
      new Option(
        '--until <time>',
        'end of the range, not included, RFC 3339 (default: the time from which live polling reads)',
      ).argParser(instant),
    )
    .addOption(
      new Option('--last <duration>', 'length of a range that ends now, instead of --from: P7D, PT12H')
        .conflicts(['from', 'until'])
        .argParser(duration),
    )
    .option('--force', 'publish also events that are already published')
    .option('--dry-run', 'count events without publishing them')
    .addOption(
      new Option('--rerun <n>', 'number of a new job over the same range: 1, 2, …').argParser(integer(1, 1_000_000)),
    )
    .addOption(
      new Option('--slice-hours <n>', `hours in a slice (default: ${DEFAULT_SLICE_HOURS})`).argParser(
        integer(1, MAX_SLICE_HOURS),
      ),
    )
    .addOption(
      new Option(
        '--concurrency <n>',
        `slices to run at once, 1 to ${MAX_CONCURRENCY} (default: ${DEFAULT_CONCURRENCY})`,
      ).argParser(integer(1, MAX_CONCURRENCY)),
    );
}

/** The fields of a plan's request. */
export function requestOf(options: RangeOptions): BackfillRequest & { readonly sliceHours?: number } {
  const { from, until, last, rerun, sliceHours, force = false, dryRun = false } = options;
  const given = Object.entries({ from, until, last, rerun, sliceHours }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), force, dryRun };
}

function instant(text: string): string {
  if (!isInstant(text)) throw new InvalidArgumentError('Use a time with its zone, such as 2026-10-01T00:00:00Z.');
  return text;
}

function duration(text: string): string {
  if (parseDuration(text) === null) throw new InvalidArgumentError('Use a duration such as P7D or PT12H.');
  return text;
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
    if (!(number >= least && number <= most))
      throw new InvalidArgumentError(`Use a whole number from ${least} to ${most}.`);
    return number;
  };
}
