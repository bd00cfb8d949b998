import { Command, Option } from 'commander';
import { DAY, MINUTE, RETENTION_MS, type Millis } from '../lib/domain/time';
import { visible, visibleLine } from '../lib/contract/visible';
import type { WatermarkStatus } from '../lib/operator/rewind';
import { CliError, type Cli } from './cli';
import { format, formatLength, parsePastInstant } from './instant';
import { deployedName, TABLE, withStack, type StackOptions } from './stack';

const HELP = `
The next tick reads the log again from that time and publishes only the events that are not published yet. A run in
progress fails at its next commit and cannot overwrite the new watermark.

A rewind also repairs a damaged STATE item (STATE_INVALID), and ends the wait of a rate-limited connector.

Permissions: cloudformation:DescribeStacks (not with --table), dynamodb:GetItem, dynamodb:UpdateItem.

Examples:
  tailscale-audit rewind --to PT2H                                  to two hours ago
  tailscale-audit rewind --to 2026-11-22T08:00:00Z --connector prod
  tailscale-audit rewind --to P1D --table my-table --yes --json     for scripts, without a question
`;

interface Options extends StackOptions {
  readonly to: string;
  readonly connector: string;
  readonly table?: string;
  readonly yes?: true;
  readonly json?: true;
}

export function rewindCommand(cli: Cli): Command {
  const command = new Command('rewind')
    .summary("set a connector's watermark back")
    .description("Sets a connector's watermark back and stops a run in progress.")
    .requiredOption(
      '--to <when>',
      `new watermark: RFC 3339 time or duration before now (PT2H, P1D); at most ${RETENTION_MS / DAY} days ago`,
    )
    .option('--connector <id>', 'connector to rewind', 'default')
    .option('--yes', 'rewind without a question')
    .option('--json', 'print the result as one JSON object on stdout')
    .addHelpText('after', HELP);
  return withStack(command, new Option('--table <name>', 'DynamoDB table, instead of --stack')).action(
    (options: Options) => rewind(options, cli),
  );
}

async function rewind(options: Options, cli: Cli): Promise<void> {
  const { aws, clock, terminal } = cli;
  const { connector } = options;
  const to = parsePastInstant(options.to, clock.now());
  const confirm = options.yes === true ? () => Promise.resolve(true) : terminal.confirm;
  if (confirm === null) throw new CliError('there is no terminal to ask for confirmation: use --yes', 2);

  const table = await deployedName(aws, TABLE, options.table, options, connector);
  const rewinder = aws.rewinder(table);
  const standing = await rewinder.look(connector);
  if (standing === undefined) throw missing(connector, table);
  const latest = standing.watermark ?? standing.lastOkAt;
  if (latest !== null && to > latest) throw ahead(to, latest);
  for (const line of plan(connector, table, standing, to, clock.now())) terminal.note(line);
  if (!(await confirm('Set the watermark back?'))) throw new CliError('nothing was changed');

  switch (await rewinder.rewind(connector, to)) {
    case 'missing':
      throw missing(connector, table);
    case 'ahead':
      throw new CliError('the watermark was set back further meanwhile; nothing was changed');
    case 'contended':
      throw new CliError('runs changed the state at the same time; nothing was changed, try again');
    case 'rewound':
      break;
  }
  const result = {
    connector,
    table,
    from: standing.watermark === null ? null : format(standing.watermark),
    to: format(to),
  };
  terminal.out(
    options.json === true
      ? visible(JSON.stringify(result))
      : `The watermark of ${visibleLine(connector)} is ${result.to}; the next tick continues from there.`,
  );
}

function plan(
  connector: string,
  table: string,
  { watermark, startFrom, leaseUntil, lastOkAt }: WatermarkStatus,
  to: Millis,
  now: Millis,
): string[] {
  const lines = [
    `connector      ${connector}, in the table ${table}`,
    `watermark      ${watermark === null ? 'unreadable' : `${format(watermark)}, ${formatLength(Math.abs(now - watermark))} ${watermark > now ? 'in the future' : 'ago'}`}`,
    `new watermark  ${format(to)}, ${formatLength(now - to)} ago`,
  ];
  if (watermark === null)
    lines.push(
      `Events before that time are not read again: choose one before the failure${lastOkAt === null ? '' : `; the last successful run ended at ${format(lastOkAt)}`}.`,
    );
  if (leaseUntil !== null && leaseUntil > now)
    lines.push('A run is in progress: it will fail with LEASE_LOST, and the next tick continues.');
  if (startFrom !== null && to < startFrom)
    lines.push(`That is before the connector's start (${format(startFrom)}), which is set back too.`);
  if (to < now - RETENTION_MS + EDGE_MS)
    lines.push("That is the start of Tailscale's log: the minutes until the next tick will be reported as a gap.");
  return lines;
}

/** Milliseconds. An instant so close to the start of Tailscale's log has left it by the next tick. */
const EDGE_MS = 10 * MINUTE;

function missing(connector: string, table: string): CliError {
  return new CliError(
    `the table "${table}" has no state of a connector "${connector}": check the id; or the connector has not run yet`,
  );
}

function ahead(to: Millis, latest: Millis): CliError {
  return new CliError(
    `${format(to)} is after the watermark (${format(latest)}): a rewind cannot skip events; the next ticks advance the watermark`,
    2,
  );
}
