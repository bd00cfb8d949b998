import { Command, Option } from 'commander';
import { DEFAULT_CONCURRENCY } from '../../lib/contract/backfill';
import { visible } from '../../lib/contract/visible';
import { CliError, type Cli, type Terminal, type Workflow } from '../cli';
import { format } from '../instant';
import { deployedName, STATE_MACHINE, TABLE, withStack, type StackOptions } from '../stack';
import { messageIn, parseReport, sliceOf } from './answers';
import { requestOf, withRange, type RangeOptions } from './range';
import { toText } from './summary';
import { watch, type Outcome } from './watch';

const HELP = `
Reads a past range of the audit log, for example from before the installation, and publishes the events that are missing,
with ingest.mode "backfill". Live polling continues meanwhile.

The range is cut into slices of a day. A state machine on AWS Step Functions runs ${DEFAULT_CONCURRENCY} slices at once and retries a
failed slice from its checkpoint. (The audit dialect has no end parameter: its job is one slice, read page by page.)
The job runs on AWS: Ctrl-C leaves it running, and --attach shows it again.

The same --from and --until again continue the same job, or return its report if it is done. --rerun 1 makes a new job.

Permissions: cloudformation:DescribeStacks (not with --state-machine and --table), states:StartExecution (not with
--attach), states:DescribeExecution, states:GetExecutionHistory, dynamodb:Query; to show why a slice failed also
states:ListMapRuns and states:ListExecutions.

Exit codes: 0 done, 1 failed, 2 usage error, 130 interrupted with Ctrl-C (the job continues).

Examples:
  tailscale-audit backfill --last P30D --dry-run        counts the missing events without publishing them
  tailscale-audit backfill --from 2026-10-01T00:00:00Z --until 2026-10-08T00:00:00Z --connector prod
  tailscale-audit backfill --last P7D --force           publishes all events again, with the same ids
  tailscale-audit backfill --attach backfill-2026-11-22T08-00-00-000Z
  tailscale-audit backfill --last P7D --json | jq .bySeverity
`;

interface Options extends StackOptions, RangeOptions {
  readonly connector?: string;
  readonly attach?: string;
  readonly stateMachine?: string;
  readonly table?: string;
  readonly json?: true;
}

/** `tailscale-audit backfill`: starts the deployed state machine or attaches to an execution, and shows its progress. */
export function backfillCommand(cli: Cli): Command {
  const command = new Command('backfill')
    .summary('publish the missing events of a past range')
    .description('Publishes the missing events of a past range.');
  withRange(command)
    .option('--connector <id>', 'connector to read (default: the only one)')
    .addOption(
      new Option('--attach <name>', 'backfill to show instead of starting one; it may have ended').conflicts([
        ...['from', 'until', 'last', 'force', 'dryRun', 'rerun', 'sliceHours', 'concurrency', 'connector'],
      ]),
    )
    .option('--json', 'print the report as one JSON object on stdout')
    .option('--table <name>', 'DynamoDB table, with --state-machine')
    .addHelpText('after', HELP);
  return withStack(
    command,
    new Option('--state-machine <arn>', 'state machine, with --table, instead of --stack'),
  ).action((options: Options) => backfill(options, cli));
}

async function backfill(options: Options, cli: Cli): Promise<void> {
  const { aws, clock, terminal } = cli;
  const { attach, connector, concurrency, from, last } = options;
  if (attach === undefined && from === undefined && last === undefined)
    throw new CliError('no range is given: use --from (with or without --until), --last or --attach', 2);
  if ((options.table === undefined) !== (options.stateMachine === undefined))
    throw new CliError('use --state-machine and --table together', 2);
  const workflow = aws.workflow(await deployedName(aws, STATE_MACHINE, options.stateMachine, options, connector));
  const jobs = aws.jobReader(await deployedName(aws, TABLE, options.table, options));

  const name = attach?.replace(/^arn:.*:/, '') ?? `backfill-${format(clock.now()).replaceAll(/[:.]/g, '-')}`;
  if (attach === undefined) {
    const request = { ...(connector === undefined ? {} : { connector }), ...requestOf(options) };
    await workflow.start(name, { request, ...(concurrency === undefined ? {} : { concurrency }) });
    terminal.note(`Started ${name}.`);
  }
  const outcome = await watch(name, { workflow, jobs, terminal, clock, interruption: cli.interruption() });
  if (outcome === null) throw new CliError(`The job continues. To show it again: ${attachTo(name, options)}`, 130);
  if (outcome.execution.status !== 'SUCCEEDED') throw await failed(name, outcome, workflow, terminal);
  const report = parseReport(outcome.execution.output);
  terminal.out(
    options.json === true
      ? visible(JSON.stringify({ execution: name, ...report }))
      : toText(report, outcome.plan?.notes ?? []),
  );
  if (report.quarantined > 0)
    terminal.note(
      `${report.quarantined} events are quarantined. Once the cause is fixed, tailscale-audit redrive publishes those that EventBridge rejected; unparsed records are already published, and stay quarantined.`,
    );
}

function attachTo(name: string, { stack, stateMachine, table = '' }: Options): string {
  const names = stateMachine === undefined ? `--stack ${stack}` : `--state-machine ${stateMachine} --table ${table}`;
  return `tailscale-audit backfill --attach ${name} ${names}`;
}

/** Shows why slices failed and how to continue. @returns the error that ends the command */
async function failed(
  name: string,
  { execution: { status, error, cause }, plan }: Outcome,
  workflow: Workflow,
  terminal: Terminal,
): Promise<CliError> {
  const reason = messageIn(cause ?? '');
  if (error === 'InvalidInput') return new CliError(reason, 2);
  if (plan === null)
    return new CliError(`the backfill ${name} failed before its plan was made: ${error ?? status} ${reason}`);
  for (const failure of await workflow.failuresOf(name)) {
    const slice = sliceOf(failure.input);
    terminal.note(
      `${slice === null ? 'a slice' : `the slice from ${slice.from} until ${slice.until}`} failed: ${failure.error} ${messageIn(failure.cause)}`,
    );
  }
  terminal.note(
    `Completed work is kept. Once the cause is fixed, continue with: aws stepfunctions redrive-execution --execution-arn ${workflow.executionArn(name)}`,
  );
  return new CliError(
    `the backfill ${name} ${status === 'ABORTED' ? 'was stopped' : 'failed'}: ${[error, reason].filter(Boolean).join(' ') || status}`,
  );
}
