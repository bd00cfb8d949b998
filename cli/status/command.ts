import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import pMap from 'p-map';
import pc from 'picocolors';
import type { Millis } from '../../lib/domain/time';
import { parseDuration } from '../../lib/contract/duration';
import { visible } from '../../lib/contract/visible';
import type { ConnectorStatus } from '../../lib/operator/status';
import { CliError, type Cli, type Terminal } from '../cli';
import { format } from '../instant';
import { connectorsOf, deployedName, expectedActivityOf, TABLE, withStack, type StackOptions } from '../stack';
import { report, toJson, type Report } from './report';
import { toLine, toText } from './table';

/** Seconds. */
const WATCH_PERIOD = 5;

const HELP = `
Reads the connector's table (one Query for each partition of a connector) and the stack's outputs. It changes nothing, and
does not need the functions. docs/operating.md lists the health rules.

Permissions: cloudformation:DescribeStacks (not with --table), dynamodb:Query.

Exit codes: 0 healthy (with or without warnings), 1 failed, 2 usage error, 4 a connector is unhealthy. With --watch: the
exit code of the last status.

Examples:
  tailscale-audit status
  tailscale-audit status --connector prod --watch            shows the status every ${WATCH_PERIOD} seconds
  tailscale-audit status --json | jq '.connectors[].health'
`;

interface Options extends StackOptions {
  readonly connector?: string;
  readonly table?: string;
  /** Seconds. */
  readonly watch?: number;
  readonly quietAfter: Millis;
  readonly json?: true;
}

/** `tailscale-audit status`: status and health of each connector. */
export function statusCommand(cli: Cli): Command {
  const command = new Command('status')
    .summary('show the status and health of the connectors')
    .description('Shows the status and health of each connector: watermark, last poll, gaps, quarantine.')
    .option('--connector <id>', 'connector to show (default: all of the stack)')
    .addOption(
      new Option(
        '--watch [seconds]',
        `show the status repeatedly until Ctrl-C (default: every ${WATCH_PERIOD} seconds)`,
      )
        .preset(String(WATCH_PERIOD))
        .argParser(parsePeriod),
    )
    .addOption(
      new Option('--quiet-after <duration>', 'time without a record before a warning: P30D, PT12H')
        .default(parseQuiet('P7D'), 'P7D')
        .argParser(parseQuiet),
    )
    .option('--json', 'print one JSON object on stdout; with --watch one a line')
    .addHelpText('after', HELP);
  return withStack(
    command,
    new Option('--table <name>', 'DynamoDB table, with --connector, instead of --stack'),
  ).action((options: Options) => status(options, cli));
}

function parsePeriod(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 1 && seconds <= 3600)) throw new InvalidArgumentError('Use a number of seconds from 1 to 3600.');
  return seconds;
}

/** Milliseconds. */
function parseQuiet(text: string): Millis {
  const length = parseDuration(text);
  if (length === null || length === 0) throw new InvalidArgumentError('Use a duration such as P7D or PT12H.');
  return length;
}

async function status(options: Options, cli: Cli): Promise<void> {
  const { aws, clock, terminal } = cli;
  const connectors = await chosenConnectors(options, cli);
  const table = await deployedName(aws, TABLE, options.table, options, options.connector);
  const reader = aws.statusReader(table);
  const rules = options.table === undefined ? await expectedActivityOf(aws, options) : [];
  const look = async () => {
    const seen = await pMap(connectors, async (connector) => ({ connector, status: await reader.read(connector) }), {
      concurrency: 4,
    });
    const expectations = {
      rules,
      matched: latestMatches(seen.map((one) => one.status)),
      quietAfterMs: options.quietAfter,
    };
    return seen.map((one) => report(one.connector, one.status, clock.now(), expectations));
  };

  let reports: Report[];
  if (options.watch === undefined) {
    reports = await look();
    terminal.out(options.json === true ? jsonOf(table, reports) : toText(reports, pc));
  } else {
    reports = await watch(
      look,
      (seen) => {
        showAgain(table, seen, options, terminal);
      },
      options.watch,
      cli.interruption(),
    );
  }
  const unhealthy = reports.filter(({ health }) => health === 'unhealthy').map(({ connector }) => connector);
  if (unhealthy.length > 0) throw new CliError(`unhealthy: ${unhealthy.join(', ')}`, 4);
}

async function chosenConnectors({ connector, table, ...stack }: Options, { aws }: Cli): Promise<string[]> {
  if (connector !== undefined) return [connector];
  if (table !== undefined) throw new CliError('--table needs --connector', 2);
  return connectorsOf(aws, stack);
}

function latestMatches(statuses: readonly ConnectorStatus[]): Map<string, Millis> {
  const latest = new Map<string, Millis>();
  for (const [rule, at] of statuses.flatMap(({ state }) => Object.entries(state?.matched ?? {})))
    latest.set(rule, Math.max(at, latest.get(rule) ?? at));
  return latest;
}

/** Shows the reports until the interruption. @returns the last ones */
async function watch(
  look: () => Promise<Report[]>,
  show: (reports: readonly Report[]) => void,
  seconds: number,
  interruption: AbortSignal,
): Promise<Report[]> {
  for (;;) {
    const reports = await look();
    show(reports);
    await sleep(seconds * 1_000, undefined, { signal: interruption }).catch(() => undefined);
    if (interruption.aborted) return reports;
  }
}

function showAgain(
  table: string,
  reports: readonly Report[],
  { json, watch: seconds }: Options,
  terminal: Terminal,
): void {
  if (json === true) terminal.out(jsonOf(table, reports));
  else if (terminal.redraw === null) for (const one of reports) terminal.out(toLine(one));
  else
    terminal.redraw(
      `${toText(reports, pc)}\n\n${pc.dim(`${format(reports[0]?.at ?? 0)}, updated every ${seconds} s; Ctrl-C ends`)}`,
    );
}

function jsonOf(table: string, reports: readonly Report[]): string {
  return visible(
    JSON.stringify({
      table,
      healthy: reports.every(({ health }) => health !== 'unhealthy'),
      connectors: reports.map(toJson),
    }),
  );
}
