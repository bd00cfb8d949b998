import { Command, InvalidArgumentError, Option } from 'commander';
import { MAX_SLICE_HOURS, type BackfillRequest } from '../../lib/contract/backfill';
import { parseDuration } from '../../lib/contract/duration';
import { DEFAULT_CONCURRENCY, MAX_CONCURRENCY } from '../../lib/contract/backfill-workflow';
import { visible } from '../../lib/contract/visible';
import { CliError, type Cli, type Terminal } from '../cli';
import { format, isInstant } from '../instant';
import { deployedName, STATE_MACHINE, TABLE, withStack, type StackOptions } from '../stack';
import { messageIn, parseReport, sliceOf } from './answers';
import { startLocally } from './local';
import { toText } from './summary';
import { watch, type Outcome } from './watch';
import type { Workflow } from './workflow';

const HELP = `
Reads a range of the log that live polling has left behind (from before the connector was installed, or one that was
lost) and puts what was not published yet on the bus, with ingest.mode "backfill". Live polling goes on beside it.

The range is cut into slices of a day, and a state machine on AWS Step Functions runs ${DEFAULT_CONCURRENCY} of them at once. A slice
that fails is tried again from where it stood. (The audit dialect knows no end of a range: there the job is one slice,
read page by page.) The job runs on AWS, not here: Ctrl-C leaves it running, and --attach comes back to it.

The same range asked for again goes on with the same job, or answers its report; --rerun 1 makes it another one.

Needs cloudformation:DescribeStacks (not with --state-machine and --table), states:StartExecution (not with --attach),
states:DescribeExecution, states:GetExecutionHistory and dynamodb:Query; to say why a slice failed also
states:ListMapRuns and states:ListExecutions.

Exit codes: 0 done, 1 it failed, 2 it was asked for wrongly and nothing was done, 130 left running after Ctrl-C.

Examples:
  tailscale-audit backfill --last P30D --dry-run        counts what is missing, and publishes nothing
  tailscale-audit backfill --from 2026-10-01T00:00:00Z --until 2026-10-08T00:00:00Z --connector prod
  tailscale-audit backfill --last P7D --force           publishes again what was published before, under the same ids
  tailscale-audit backfill --attach backfill-2026-11-22T08-00-00-000Z
  tailscale-audit backfill --last P7D --json | jq .bySeverity
  TAILSCALE_API_KEY=... tailscale-audit backfill --local --last P1D --json      tries it on this machine, in a clone
`;

interface Options extends StackOptions {
  readonly connector?: string;
  readonly from?: string;
  readonly until?: string;
  readonly last?: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly rerun?: number;
  readonly sliceHours?: number;
  readonly concurrency?: number;
  readonly attach?: string;
  readonly stateMachine?: string;
  readonly table?: string;
  readonly local: boolean;
  readonly tailnet?: string;
  readonly state?: string;
  readonly json: boolean;
}

/** `tailscale-audit backfill`: starts the deployed state machine, or comes back to it, and shows how far it is. */
export function backfillCommand(cli: Cli): Command {
  const asked = ['from', 'until', 'last', 'force', 'dryRun', 'rerun', 'sliceHours', 'concurrency', 'connector'];
  const command = new Command('backfill')
    .summary('put a range of the past on the bus')
    .description('Reads a range of the past and puts on the bus what was not published yet.')
    .addOption(new Option('--from <time>', 'where the range begins: RFC 3339, 90 days back at most').argParser(instant))
    .addOption(
      new Option(
        '--until <time>',
        'where it ends, not included: RFC 3339; up to where live polling reads if left out',
      ).argParser(instant),
    )
    .addOption(
      new Option('--last <duration>', 'the range up to now instead: P7D, PT12H')
        .conflicts(['from', 'until'])
        .argParser(duration),
    )
    .option('--connector <id>', 'which connector; may be left out when there is one')
    .option('--force', 'publish again what was published before', false)
    .option('--dry-run', 'count, and publish nothing', false)
    .addOption(
      new Option('--rerun <n>', 'another job over the same range: 1, 2, …').argParser(wholeNumber(1, 1_000_000)),
    )
    .addOption(
      new Option('--slice-hours <n>', 'hours a slice spans; a day if left out').argParser(
        wholeNumber(1, MAX_SLICE_HOURS),
      ),
    )
    .addOption(
      new Option(
        '--concurrency <n>',
        `slices at once, 1 to ${MAX_CONCURRENCY}; ${DEFAULT_CONCURRENCY} if left out`,
      ).argParser(wholeNumber(1, MAX_CONCURRENCY)),
    )
    .addOption(new Option('--attach <name>', 'come back to a backfill that is running, or has ended').conflicts(asked))
    .addOption(
      new Option('--local', 'run it here and not on AWS: a real tailnet, a bus on this machine')
        .default(false)
        .conflicts(['stack', 'stateMachine', 'table', 'attach', 'connector']),
    )
    .option('--tailnet <name>', 'with --local: the tailnet; that of the credential if left out')
    .option('--state <dir>', 'with --local: keep the table in this folder between runs')
    .option('--json', 'the report as one JSON object on stdout', false)
    .option('--table <name>', 'the DynamoDB table itself; with --state-machine')
    .addHelpText('after', HELP);
  return withStack(command, new Option('--state-machine <arn>', 'the state machine itself; with --table')).action(
    (options: Options) => backfill(options, cli),
  );
}

/** As it stands: the function reads it again, and knows the limits. */
function instant(text: string): string {
  if (!isInstant(text)) throw new InvalidArgumentError('It is a time such as 2026-10-01T00:00:00Z, with its zone.');
  return text;
}

function duration(text: string): string {
  if (parseDuration(text) === null) throw new InvalidArgumentError('It is a duration such as P7D or PT12H.');
  return text;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
    if (!(number >= least && number <= most))
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    return number;
  };
}

async function backfill(options: Options, cli: Cli): Promise<void> {
  const { aws, clock, terminal } = cli;
  const { attach, connector, from, last } = options;
  if (attach === undefined && from === undefined && last === undefined)
    throw new CliError('say which range: --from (and --until), or --last; or --attach to come back to one', 2);
  if (options.local) return backfillHere(options, cli);
  if (options.tailnet !== undefined || options.state !== undefined)
    throw new CliError('--tailnet and --state are for --local; what is deployed knows its tailnets', 2);
  if ((options.table === undefined) !== (options.stateMachine === undefined))
    throw new CliError('give --state-machine and --table together, or neither', 2);
  const workflow = aws.workflow(await deployedName(aws, STATE_MACHINE, options.stateMachine, options, connector));
  const jobs = aws.jobReader(await deployedName(aws, TABLE, options.table, options));

  const name = attach?.replace(/^arn:.*:/, '') ?? `backfill-${format(clock.now()).replaceAll(/[:.]/g, '-')}`;
  if (attach === undefined) {
    const { concurrency } = options;
    await workflow.start(name, { request: requestOf(options), ...(concurrency === undefined ? {} : { concurrency }) });
    terminal.note(`Started ${name}.`);
  }
  const outcome = await watch(name, { workflow, jobs, terminal, clock, interruption: cli.interruption() });
  if (outcome === null) throw new CliError(`It goes on without you. To come back: ${comeBack(name, options)}`, 130);
  if (outcome.standing.status !== 'SUCCEEDED') throw await failed(name, outcome, workflow, terminal);
  const report = parseReport(outcome.standing.output);
  terminal.out(
    options.json ? visible(JSON.stringify({ execution: name, ...report })) : toText(report, outcome.plan?.notes ?? []),
  );
  if (report.quarantined > 0)
    terminal.note(
      `${report.quarantined} were put aside. Once the cause is gone, tailscale-audit redrive publishes what the bus refused; what could not be read is on the bus as it came, and stays aside.`,
    );
}

/** The same on this machine: the built function, a real tailnet, and AWS on a loopback port. */
async function backfillHere(options: Options, cli: Cli): Promise<void> {
  const { clock, terminal } = cli;
  const { concurrency, tailnet, state, json } = options;
  const job = startLocally({
    request: requestOf(options),
    events: json,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(tailnet === undefined ? {} : { tailnet }),
    ...(state === undefined ? {} : { state }),
  });
  try {
    const outcome = await watch('', { ...job, terminal, clock, interruption: cli.interruption() });
    if (outcome === null)
      throw new CliError(
        `It has ended with this command${state === undefined ? '' : '; the same again goes on from there, if it names both ends of its range'}.`,
        130,
      );
    const {
      standing: { status, output, error, cause },
      plan,
    } = outcome;
    if (status !== 'SUCCEEDED')
      throw new CliError(
        [error === 'InvalidInput' ? '' : error, cause].filter(Boolean).join(' '),
        error === 'InvalidInput' ? 2 : 1,
      );
    const report = parseReport(output);
    terminal.out(json ? visible(JSON.stringify(report)) : toText(report, plan?.notes ?? []));
  } finally {
    job.stop();
  }
}

function requestOf({
  connector,
  from,
  until,
  last,
  force,
  dryRun,
  rerun,
  sliceHours,
}: Options): BackfillRequest & { readonly sliceHours?: number } {
  return {
    ...(connector === undefined ? {} : { connector }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(last === undefined ? {} : { last }),
    ...(rerun === undefined ? {} : { rerun }),
    ...(sliceHours === undefined ? {} : { sliceHours }),
    force,
    dryRun,
  };
}

function comeBack(name: string, { stack, stateMachine, table }: Options): string {
  const where =
    stateMachine === undefined ? `--stack ${stack}` : `--state-machine ${stateMachine} --table ${table ?? ''}`;
  return `tailscale-audit backfill --attach ${name} ${where}`;
}

/** Says of each slice that failed why, and how to go on. */
async function failed(
  name: string,
  { standing: { status, error, cause }, plan }: Outcome,
  workflow: Workflow,
  terminal: Terminal,
): Promise<CliError> {
  const reason = messageIn(cause ?? '');
  if (error === 'InvalidInput') return new CliError(reason, 2);
  if (plan === null)
    return new CliError(`the backfill ${name} failed before it had planned anything: ${error ?? status} ${reason}`);
  for (const failure of await workflow.failuresOf(name)) {
    const slice = sliceOf(failure.input);
    terminal.note(
      `${slice === null ? 'a slice' : `the slice from ${slice.from} until ${slice.until}`} failed: ${failure.error} ${messageIn(failure.cause)}`,
    );
  }
  terminal.note(
    `What was done is kept. Once the cause is gone, this goes on from there: aws stepfunctions redrive-execution --execution-arn ${workflow.executionArn(name)}`,
  );
  return new CliError(
    `the backfill ${name} ${status === 'ABORTED' ? 'was stopped' : 'failed'}: ${[error, reason].filter(Boolean).join(' ') || status}`,
  );
}
