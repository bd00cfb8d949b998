import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { parseWith } from '../lib/contract/parse';
import { MAX_NAME, visible, visibleLine } from '../lib/contract/visible';
import { CliError, type Cli } from './cli';
import { BACKFILL_FUNCTION, deployedName, withStack, type StackOptions } from './stack';

const HELP = `
An event that EventBridge rejects is quarantined: the archive bucket keeps it, and the table's ledger has an entry. A
redrive publishes it with the same id and ingest.mode "backfill", and closes the entry, unless EventBridge rejects it again.

Unparsed records are already published in raw form; --include-unparsed publishes them again.

The deployed function publishes the events. Permissions: lambda:InvokeFunction, cloudformation:DescribeStacks (not with
--function).

Examples:
  tailscale-audit redrive
  tailscale-audit redrive --connector prod --json
  tailscale-audit redrive --function my-backfill-function --include-unparsed

Exit codes: 0 done, 1 failed or an event stays quarantined, 2 usage error.
`;

interface Options extends StackOptions {
  readonly connector?: string;
  readonly function?: string;
  readonly includeUnparsed?: true;
  readonly json?: true;
}

const count = z.int().check(z.nonnegative());

/** The answer of the backfill function. */
const answer = z.object({
  connectors: z
    .array(
      z.object({
        connector: z.string(),
        redriven: count,
        refused: count,
        skipped: count,
        failed: count,
        done: z.boolean(),
        after: z.nullable(z.string()),
        problems: z.array(z.object({ id: z.string(), problem: z.string() })),
      }),
    )
    .check(z.length(1)),
});

export function redriveCommand(cli: Cli): Command {
  const command = new Command('redrive')
    .summary('publish quarantined events')
    .description('Publishes quarantined events.')
    .option('--connector <id>', 'connector to redrive (default: the only one)')
    .option('--include-unparsed', 'publish unparsed records again too')
    .option('--json', 'print the result as one JSON object on stdout')
    .addHelpText('after', HELP);
  return withStack(command, new Option('--function <name>', 'backfill function, instead of --stack')).action(
    (options: Options) => redrive(options, cli),
  );
}

async function redrive(options: Options, { aws, terminal }: Cli): Promise<void> {
  const functionName = await deployedName(aws, BACKFILL_FUNCTION, options.function, options, options.connector);
  const { connector, includeUnparsed = false } = options;
  const total = { connector: connector ?? '', redriven: 0, refused: 0, skipped: 0, failed: 0 };
  const problems: { id: string; problem: string }[] = [];
  let after: string | null = null;
  for (let done = false; !done;) {
    const reply = await aws.invoke(functionName, {
      action: 'redrive',
      includeUnparsed,
      after,
      ...(connector === undefined ? {} : { connector }),
    });
    const [report] = parseWith(answer, reply, `the answer of ${functionName}`).connectors;
    if (report === undefined) break;
    if (!report.done && report.after === after && report.redriven === 0)
      throw new CliError(`${functionName} ran out of time before it published an event; see its log`);
    total.connector = report.connector;
    for (const name of ['redriven', 'refused', 'skipped', 'failed'] as const) total[name] += report[name];
    problems.push(...report.problems);
    ({ done, after } = report);
    if (!done) terminal.note(`${total.redriven} redriven so far`);
  }
  const { redriven, refused, skipped, failed } = total;
  if (options.json === true) terminal.out(visible(JSON.stringify({ ...total, problems })));
  else {
    terminal.out(
      `${visibleLine(total.connector, MAX_NAME)}: ${redriven} redriven, ${refused} rejected again, ${failed} failed, ${skipped} skipped`,
    );
    if (skipped > 0)
      terminal.note('Skipped records are unparsed and already published; --include-unparsed publishes them again.');
    for (const { id, problem } of problems) terminal.note(`${id}: ${problem}`);
  }
  if (refused + failed > 0)
    throw new CliError(`${refused + failed} events stay quarantined; the function's log has the reasons`);
}
