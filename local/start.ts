import { Command, Option } from 'commander';
import pc from 'picocolors';
import type { PollReport } from '../lib/poll/poll';
import type { ConnectionReport } from '../lib/poll/test-connection';
import { DEFAULT_API_URL, dialectSetting, ENV, type DialectSetting } from '../lib/contract/settings';
import { visible, visibleLine } from '../lib/contract/visible';
import { toText } from '../cli/backfill/summary';
import { withRange, type RangeOptions } from '../cli/backfill/range';
import { runBackfill } from './backfill';
import { credentialFrom } from './credential';
import type { DeliveredEvent } from './gateway/put-events';
import { startLocalConnector } from './local-connector';
import { prove, type Summary } from './proof';
import { openScenario, type Scenario } from './scenario';
import { showEvent } from './show';
import { openWatch, parsePeriod } from './watch';

interface Options extends RangeOptions {
  readonly dialect: DialectSetting;
  readonly json: boolean;
  readonly events?: string;
  readonly tailnet?: string;
  readonly state?: string;
  readonly backfill?: true;
  /** Seconds; true: the standard period. */
  readonly watch?: number | true;
}

/** Seconds between two ticks of --watch in the simulated tailnet. */
const SIMULATED_PERIOD = 5;

/** The same with a real one: Tailscale is asked in each. */
const REAL_PERIOD = 60;

const program = new Command('npm start --')
  .description(
    'Runs the bundled Lambda handler against AWS on a loopback port. Without --tailnet the tailnet is simulated too.',
  )
  .addOption(
    new Option('--dialect <dialect>', 'which form of the audit API to ask')
      .choices(dialectSetting.options)
      .default('auto'),
  )
  .option('--json', 'one event a line on stdout, as EventBridge hands it to a target, then the summary', false)
  .option(
    '--events <file>',
    'simulate these records: one JSON object a line; their times are moved into the last 4 minutes',
  )
  .option(
    '--tailnet <name>',
    'follow a real tailnet; needs TAILSCALE_API_KEY, or TAILSCALE_CLIENT_ID and TAILSCALE_CLIENT_SECRET',
  )
  .option('--state <dir>', 'keep the table in this folder between runs')
  .option(
    '--watch [seconds]',
    `go on until Ctrl-C: a tick, and something new in the simulated tailnet, every ${SIMULATED_PERIOD} seconds; every ${REAL_PERIOD} with a real one`,
    parsePeriod,
  )
  .option('--backfill', 'with --tailnet: read a past range instead of polling; with the following options')
  .showHelpAfterError();
withRange(program);

async function main(options: Options): Promise<boolean> {
  const credential = credentialFrom(process.env);
  if (options.tailnet === undefined) {
    if (options.backfill === true)
      throw new Error('--backfill reads a real tailnet: use --tailnet NAME or --tailnet -');
    if (credential !== undefined)
      process.stderr.write(
        'The credential in the environment is not used: --tailnet NAME (or --tailnet -) follows the real tailnet.\n',
      );
    return simulate(options);
  }
  if (credential === undefined)
    throw new Error(
      '--tailnet follows a real tailnet: set TAILSCALE_API_KEY, or TAILSCALE_CLIENT_ID and TAILSCALE_CLIENT_SECRET',
    );
  if (options.events !== undefined) throw new Error('--events is for the simulated tailnet: leave it or --tailnet out');
  if (options.backfill === true && options.from === undefined && options.last === undefined)
    throw new Error('--backfill needs a range: use --from (with or without --until) or --last');
  return followRealTailnet(options, options.tailnet, credential);
}

/** The embedded default. Passes when every simulated record is on the bus exactly once. */
async function simulate(options: Options): Promise<boolean> {
  const scenario = await openScenario(options);
  try {
    return await playThrough(options, scenario);
  } finally {
    await scenario.close();
  }
}

async function playThrough(options: Options, scenario: Scenario): Promise<boolean> {
  say(options, pc.bold('A simulated tailnet, AWS on a loopback port, and between them the deployed handler.'));
  if (scenario.note !== null) say(options, visibleLine(scenario.note));
  const events: DeliveredEvent[] = [];
  const connector = await startLocalConnector({
    ...connection(options, events),
    apiUrl: scenario.apiUrl,
    tailnet: '-',
    credential: scenario.credential,
  });
  const keepTicking = openWatch(options.watch, SIMULATED_PERIOD);
  const tick = async (label: string): Promise<void> => {
    say(options, pc.dim(`\n${label}`));
    reportTick(options, await connector.tick());
  };
  try {
    await tickThrough(scenario, tick);
    let number = scenario.ticks;
    await keepTicking(async () => {
      scenario.goOn();
      await tick(`tick ${(number += 1)}`);
    });
  } finally {
    await connector.close();
  }
  const summary = prove(scenario.simulated(), events);
  showSummary(options, summary);
  return summary.ok;
}

async function tickThrough(scenario: Scenario, tick: (label: string) => Promise<void>): Promise<void> {
  for (let number = 1; number <= scenario.ticks; number += 1) {
    scenario.release(number);
    await tick(number === scenario.ticks ? `tick ${number}, with nothing new` : `tick ${number}`);
  }
}

/** Tries the credential first, then brings the last minutes of the real log onto the local bus. */
async function followRealTailnet(options: Options, tailnet: string, credential: object): Promise<boolean> {
  const events: DeliveredEvent[] = [];
  const apiUrl = process.env[ENV.apiUrl] ?? DEFAULT_API_URL;
  const connector = await startLocalConnector({ ...connection(options, events), apiUrl, tailnet, credential });
  say(options, pc.dim(`asking ${visibleLine(apiUrl)} …`));
  try {
    const test = await connector.testConnection();
    const [answer] = test.connectors;
    say(
      options,
      `test-connection: ${test.ok ? pc.green('ok') : pc.red('failed')}  ${visibleLine(describeConnection(answer))}`,
    );
    if (!test.ok) return false;
    const tick = async (): Promise<void> => {
      reportTick(options, await connector.tick());
    };
    const keepTicking = openWatch(options.watch, REAL_PERIOD);
    await tick();
    if (options.backfill === true) {
      const report = await runBackfill(connector, options, (line) => {
        say(options, pc.dim(visibleLine(line)));
      });
      say(options, toText(report, []));
      return true;
    }
    await keepTicking(tick);
  } finally {
    await connector.close();
  }
  say(options, `${events.length} events on the local bus`);
  if (options.watch === undefined && options.state === undefined) {
    say(
      options,
      pc.dim('A first run begins 5 minutes back. --watch keeps it going; --backfill --last P1D reads further back.'),
    );
  }
  return true;
}

function describeConnection(answer: ConnectionReport | undefined): string {
  if (answer === undefined) return '';
  const { code, message, credential, dialect, tailnet, events } = answer;
  if (code !== undefined) return `${code} ${message ?? ''}`;
  return `${credential ?? 'no'} credential, ${dialect ?? 'no'} dialect, tailnet ${tailnet}, ${events} events in the last 24 h${message === undefined ? '' : ` (${message})`}`;
}

function connection(options: Options, events: DeliveredEvent[]) {
  return {
    dialect: options.dialect,
    stateDir: options.state,
    onEvent: (event: DeliveredEvent) => {
      events.push(event);
      process.stdout.write(`${options.json ? visible(JSON.stringify(event)) : showEvent(event)}\n`);
    },
  };
}

function reportTick(options: Options, { connectors }: PollReport): void {
  for (const { fetched, emitted, duplicates, pages, watermark, dialect } of connectors) {
    say(
      options,
      pc.dim(
        `read ${fetched} records on ${pages} pages (${dialect ?? 'no'} dialect), emitted ${emitted} events, left out ${duplicates} seen before; watermark ${watermark ?? 'none'}`,
      ),
    );
  }
}

function showSummary(options: Options, summary: Summary): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ summary })}\n`);
    return;
  }
  const { simulated, emitted, distinct, duplicates, diffs, ok } = summary;
  say(
    options,
    `\nrecords simulated ${simulated}   audit events emitted ${emitted}   distinct ids ${distinct}   duplicates ${duplicates}   policy diffs ${diffs}`,
  );
  say(
    options,
    ok ? pc.green('Every record is on the bus exactly once.') : pc.red('What is on the bus is not what was simulated.'),
  );
}

/** For people. With --json stdout belongs to the events. */
function say(options: Options, line: string): void {
  (options.json ? process.stderr : process.stdout).write(`${line}\n`);
}

async function run(): Promise<void> {
  try {
    const ok = await main(program.parse().opts<Options>());
    process.exitCode = ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${visibleLine(error instanceof Error ? error.message : String(error))}\n`);
    process.exitCode = 1;
  }
}

void run();
