import { Command, Option } from 'commander';
import pc from 'picocolors';
import * as z from 'zod/mini';
import { parseWith } from '../lib/contract/parse';
import { MAX_NAME, visible, visibleLine } from '../lib/contract/visible';
import { CliError, type Cli } from './cli';
import { deployedName, POLL_FUNCTION, withStack, type StackOptions } from './stack';

const HELP = `
The deployed function asks Tailscale's audit endpoint for the last 24 hours, with the credential that is in the secret
now. It publishes nothing, moves no watermark and takes no lease: it may be asked at any time.

When it fails, the line says why and what to do; docs/operating.md has all codes. No events are a hint, not an error.

Needs lambda:InvokeFunction (and cloudformation:DescribeStacks, not with --function).

Examples:
  tailscale-audit test-connection
  tailscale-audit test-connection --connector prod --json
  tailscale-audit test-connection --function my-poll-function

Exit code 1 when any of the connectors failed.
`;

interface Options extends StackOptions {
  readonly connector?: string;
  readonly function?: string;
  readonly json: boolean;
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

/** `tailscale-audit test-connection`: whether the deployed credentials open the audit log. */
export function testConnectionCommand(cli: Cli): Command {
  const command = new Command('test-connection')
    .summary('ask Tailscale whether the deployed credentials work')
    .description("Has the deployed function ask Tailscale's audit endpoint, and says what it answered.")
    .option('--connector <id>', 'only this one; all of the function otherwise')
    .option('--json', "the function's answer as one JSON object on stdout", false)
    .addHelpText('after', HELP);
  return withStack(command, new Option('--function <name>', 'the poll function itself')).action((options: Options) =>
    testConnection(options, cli),
  );
}

async function testConnection({ connector, json, ...options }: Options, { aws, terminal }: Cli): Promise<void> {
  const functionName = await deployedName(aws, POLL_FUNCTION, options.function, options, connector);
  const reply = await aws.invoke(functionName, {
    action: 'test-connection',
    ...(connector === undefined ? {} : { connector }),
  });
  const { connectors } = parseWith(answer, reply, `the answer of ${functionName}`);
  if (json) terminal.out(visible(JSON.stringify(reply)));
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
