import { Command, Option } from 'commander';
import { RETENTION_MS } from '../lib/domain/time';
import type { Millis } from '../lib/domain/time';
import { visible, visibleLine } from '../lib/contract/visible';
import type { Standing } from '../lib/operator/rewind';
import { CliError, type Cli } from './cli';
import { format, formatLength, parsePastInstant } from './instant';
import { deployedName, TABLE, withStack, type StackOptions } from './stack';

const HELP = `
The next tick reads the log from there again. Events that were published before are recognised by their id and left
out: what comes out is what was missed. A run that is under way stops at its next commit and can undo nothing of it.

It also frees a connector whose STATE item was damaged (STATE_INVALID), and one that waits because Tailscale asked it to.

Needs cloudformation:DescribeStacks (not with --table), dynamodb:GetItem and dynamodb:UpdateItem.

Examples:
  tailscale-audit rewind --to PT2H                                  two hours back from now
  tailscale-audit rewind --to 2026-11-22T08:00:00Z --connector prod
  tailscale-audit rewind --to P1D --table my-table --yes --json     for scripts: asks nothing
`;

interface Options extends StackOptions {
  readonly to: string;
  readonly connector: string;
  readonly table?: string;
  readonly yes: boolean;
  readonly json: boolean;
}

export function rewindCommand(cli: Cli): Command {
  const command = new Command('rewind')
    .summary("set a connector's watermark back")
    .description("Sets a connector's watermark back and fences off any run that is under way.")
    .requiredOption(
      '--to <when>',
      `RFC 3339 time, or a duration before now (PT2H, P1D); ${RETENTION_MS / 86_400_000} days back at most`,
    )
    .option('--connector <id>', 'which connector', 'default')
    .option('--yes', 'do not ask', false)
    .option('--json', 'the result as one JSON object on stdout', false)
    .addHelpText('after', HELP);
  return withStack(command, new Option('--table <name>', 'the DynamoDB table itself')).action((options: Options) =>
    rewind(options, cli),
  );
}

async function rewind(options: Options, cli: Cli): Promise<void> {
  const { aws, clock, terminal } = cli;
  const { connector } = options;
  const to = parsePastInstant(options.to, clock.now());
  const { confirm } = terminal;
  if (!options.yes && confirm === null) throw new CliError('nobody is there to ask: say --yes', 2);

  const table = await deployedName(aws, TABLE, options.table, options, connector);
  const rewinder = aws.rewinder(table);
  const standing = await rewinder.look(connector);
  if (standing === undefined) throw missing(connector, table);
  const latest = standing.watermark ?? standing.lastOkAt;
  if (latest !== null && to > latest) throw ahead(to, latest);
  for (const line of plan(connector, table, standing, to, clock.now())) terminal.note(line);
  if (!options.yes && confirm !== null && !(await confirm('Set the watermark back?')))
    throw new CliError('nothing was changed');

  switch (await rewinder.rewind(connector, to)) {
    case 'missing':
      throw missing(connector, table);
    case 'ahead':
      throw new CliError('the watermark was set back further meanwhile; nothing was changed, look again');
    case 'contended':
      throw new CliError('a run wrote to the state again and again; nothing was changed, try again');
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
    options.json
      ? visible(JSON.stringify(result))
      : `The watermark of ${visibleLine(connector)} is ${result.to}; the next tick goes on from there.`,
  );
}

function plan(
  connector: string,
  table: string,
  { watermark, startFrom, leaseUntil, lastOkAt }: Standing,
  to: Millis,
  now: Millis,
): string[] {
  const lines = [
    `connector   ${connector}, in the table ${table}`,
    `watermark   ${watermark === null ? 'cannot be read' : `${format(watermark)}, ${formatLength(Math.abs(now - watermark))} ${watermark > now ? 'in the future' : 'ago'}`}`,
    `goes to     ${format(to)}, ${formatLength(now - to)} ago`,
  ];
  if (watermark === null)
    lines.push(
      `Only what lies behind that instant is read again${lastOkAt === null ? '' : `; the last run that worked ended ${format(lastOkAt)}`}: choose one that is early enough.`,
    );
  if (leaseUntil !== null && leaseUntil > now)
    lines.push('A run is under way: it will fail with LEASE_LOST, and the next tick goes on.');
  if (startFrom !== null && to < startFrom)
    lines.push(`That is before the connector's start (${format(startFrom)}), which moves with it.`);
  if (to < now - RETENTION_MS + EDGE_MS)
    lines.push("That is the very edge of Tailscale's log: the minutes until the next tick will be announced as a gap.");
  return lines;
}

/** Milliseconds. By the next tick such an instant has left Tailscale's log. */
const EDGE_MS = 10 * 60_000;

function missing(connector: string, table: string): CliError {
  return new CliError(
    `the table "${table}" has no state of a connector "${connector}": its id is another one, or it has not run yet`,
  );
}

function ahead(to: Millis, latest: Millis): CliError {
  return new CliError(
    `${format(to)} is after the watermark (${format(latest)}): going there would skip what is between; the next ticks get there by themselves`,
    2,
  );
}
