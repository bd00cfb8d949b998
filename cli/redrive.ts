import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { parseWith } from '../lib/contract/parse';
import { MAX_NAME, visible, visibleLine } from '../lib/contract/visible';
import { CliError, type Cli } from './cli';
import { BACKFILL_FUNCTION, deployedName, withStack, type StackOptions } from './stack';

const HELP = `
An event that EventBridge will never take is put aside: whole in the archive bucket, with an entry in the ledger. A redrive
publishes it again under the same id, with ingest.mode "backfill", and closes its entry. What is refused again stays.

Events that could not be read ("unparsed") were on the bus once, as they came; --include-unparsed sends those again too.

The deployed function does it: your credentials need lambda:InvokeFunction (and cloudformation:DescribeStacks, not with
--function) and never put an event on the bus themselves.

Examples:
  tailscale-audit redrive
  tailscale-audit redrive --connector prod --json
  tailscale-audit redrive --function my-backfill-function --include-unparsed

Exit code 1 also when something stays in quarantine that was tried.
`;

interface Options extends StackOptions {
  readonly connector?: string;
  readonly function?: string;
  readonly includeUnparsed: boolean;
  readonly json: boolean;
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
    .summary('publish again what the bus had refused')
    .description('Publishes again what EventBridge had refused and the connector had put aside.')
    .option('--connector <id>', 'which connector; may be left out when there is one')
    .option('--include-unparsed', 'send events that could not be read too: they were on the bus once', false)
    .option('--json', 'the result as one JSON object on stdout', false)
    .addHelpText('after', HELP);
  return withStack(command, new Option('--function <name>', 'the backfill function itself')).action(
    (options: Options) => redrive(options, cli),
  );
}

async function redrive(options: Options, { aws, terminal }: Cli): Promise<void> {
  const functionName = await deployedName(aws, BACKFILL_FUNCTION, options.function, options, options.connector);
  const { connector, includeUnparsed } = options;
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
      throw new CliError(`${functionName} ran out of time before it had sent anything; look into its log`);
    total.connector = report.connector;
    for (const name of ['redriven', 'refused', 'skipped', 'failed'] as const) total[name] += report[name];
    problems.push(...report.problems);
    ({ done, after } = report);
    if (!done) terminal.note(`${total.redriven} so far`);
  }
  const { redriven, refused, skipped, failed } = total;
  if (options.json) terminal.out(visible(JSON.stringify({ ...total, problems })));
  else {
    terminal.out(
      `${visibleLine(total.connector, MAX_NAME)}: ${redriven} redriven, ${refused} refused again, ${failed} failed, ${skipped} skipped`,
    );
    if (skipped > 0)
      terminal.note('What was skipped was on the bus once, unparsed; --include-unparsed sends it again.');
    for (const { id, problem } of problems) terminal.note(`${id}: ${problem}`);
  }
  if (refused + failed > 0)
    throw new CliError(`${refused + failed} stay in quarantine; the function's log says why for each`);
}
