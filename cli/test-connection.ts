import { Command, Option } from 'commander';
import pc from 'picocolors';
import * as z from 'zod/mini';
import { parseWith } from '../lib/contract/parse';
import { MAX_NAME, visible, visibleLine } from '../lib/contract/visible';
import { CliError, type Cli } from './cli';
import { deployedName, POLL_FUNCTION, withStack, type StackOptions } from './stack';

const HELP = `
The deployed function requests the last 24 hours from Tailscale's audit endpoint, with the current credential. It
publishes nothing and changes no state, so it can run at any time.

A failure is shown with its code and what to do; docs/operating.md lists the codes. No events are a warning, not a failure.

Permissions: lambda:InvokeFunction, cloudformation:DescribeStacks (not with --function).

Examples:
  tailscale-audit test-connection
  tailscale-audit test-connection --connector prod --json
  tailscale-audit test-connection --function my-poll-function

Exit codes: 0 all connections work, 1 failed, 2 usage error.
`;

interface Options extends StackOptions {
  readonly connector?: string;
  readonly function?: string;
  readonly json?: true;
}

const connection = z.object({
  connector: z.string(),
  ok: z.boolean(),
  dialect: z.nullable(z.string()),
  tailnet: z.string(),
  credential: z.nullable(z.string()),
  events: z.int(),
  skewMs: z.nullable(z.number()),
  code: z.optional(z.string()),
  message: z.optional(z.string()),
});

/** The answer of the poll function. */
const answer = z.object({ ok: z.boolean(), connectors: z.array(connection).check(z.minLength(1)) });

/** `tailscale-audit test-connection`: tests the deployed credentials. */
export function testConnectionCommand(cli: Cli): Command {
  const command = new Command('test-connection')
    .summary('test the deployed credentials')
    .description("Tests whether the deployed credentials can read Tailscale's audit log.")
    .option('--connector <id>', 'connector to test (default: all)')
    .option('--json', "print the function's answer as one JSON object on stdout")
    .addHelpText('after', HELP);
  return withStack(command, new Option('--function <name>', 'poll function, instead of --stack')).action(
    (options: Options) => testConnection(options, cli),
  );
}

async function testConnection({ connector, json, ...options }: Options, { aws, terminal }: Cli): Promise<void> {
  const functionName = await deployedName(aws, POLL_FUNCTION, options.function, options, connector);
  const reply = await aws.invoke(functionName, {
    action: 'test-connection',
    ...(connector === undefined ? {} : { connector }),
  });
  const { connectors } = parseWith(answer, reply, `the answer of ${functionName}`);
  if (json === true) terminal.out(visible(JSON.stringify(reply)));
  else for (const one of connectors) terminal.out(inWords(one));
  const failed = connectors.filter(({ ok }) => !ok).map((one) => one.connector);
  if (failed.length > 0) throw new CliError(`the connection failed: ${failed.join(', ')}`);
}

function inWords({
  connector,
  ok,
  dialect,
  tailnet,
  credential,
  events,
  skewMs,
  code,
  message,
}: z.infer<typeof connection>): string {
  const name = visibleLine(connector, MAX_NAME);
  if (!ok) return `${name}: ${pc.red('failed')}  ${visibleLine(`${code ?? ''} ${message ?? ''}`)}`;
  const facts = [
    `tailnet ${tailnet}`,
    `${dialect ?? 'no'} dialect`,
    `${credential ?? 'no'} credential`,
    `${events} events in the last 24 h${dialect === 'audit' ? ' (first page)' : ''}`,
    ...(skewMs === null ? [] : [`clocks ${Math.abs(skewMs / 1_000).toFixed(1)} s apart`]),
  ];
  return `${name}: ${pc.green('ok')}  ${visibleLine(`${facts.join(', ')}${message === undefined ? '' : `; ${message}`}`)}`;
}
