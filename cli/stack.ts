import { Option, type Command } from 'commander';
import * as z from 'zod/mini';
import { DEFAULT_STACK_NAME, STACK_OUTPUT } from '../lib/contract/names';
import { parseWith } from '../lib/contract/parse';
import { CliError, type Aws } from './cli';

/** A deployed resource: the stack output that names it, and the option that names it instead. */
interface Deployed {
  readonly output: string;
  readonly flag: string;
}
export const TABLE: Deployed = { output: STACK_OUTPUT.table, flag: '--table' };
export const POLL_FUNCTION: Deployed = { output: STACK_OUTPUT.pollFunction, flag: '--function' };
export const BACKFILL_FUNCTION: Deployed = { output: STACK_OUTPUT.backfillFunction, flag: '--function' };
export const STATE_MACHINE: Deployed = { output: STACK_OUTPUT.backfillStateMachine, flag: '--state-machine' };

export interface StackOptions {
  readonly stack: string;
}

/** Adds `--stack`, and the option that replaces it. */
export function withStack(command: Command, instead: Option): Command {
  const stack = new Option('--stack <name>', 'CloudFormation stack of the connector').default(DEFAULT_STACK_NAME);
  return command.addOption(stack).addOption(instead.conflicts('stack'));
}

/**
 * The deployed name: `given`, or the stack's output.
 *
 * @throws CliError if the stack has no such output or no such connector.
 */
export async function deployedName(
  aws: Aws,
  { output, flag }: Deployed,
  given: string | undefined,
  { stack }: StackOptions,
  connector?: string,
): Promise<string> {
  if (given !== undefined) return given;
  const outputs = await aws.stackOutputs(stack);
  const connectors = outputs[STACK_OUTPUT.connectors]?.split(',');
  if (connector !== undefined && connectors?.includes(connector) === false) {
    throw new CliError(
      `there is no connector "${connector}" in the stack "${stack}"; it has ${connectors.join(', ')}`,
      2,
    );
  }
  return outputs[output] ?? missingOutput(stack, output, flag);
}

/**
 * Ids of the stack's connectors.
 *
 * @throws CliError if the stack has no such output.
 */
export async function connectorsOf(aws: Aws, { stack }: StackOptions): Promise<string[]> {
  const connectors = (await aws.stackOutputs(stack))[STACK_OUTPUT.connectors];
  return (connectors ?? missingOutput(stack, STACK_OUTPUT.connectors, '--table and --connector')).split(',');
}

function missingOutput(stack: string, output: string, flag: string): never {
  throw new CliError(
    `the stack "${stack}" has no output ${output}: deploy the current version (npx cdk deploy), or use ${flag}`,
  );
}

const configuredRules = z.array(z.object({ rule: z.string(), endsOn: z.optional(z.string()) }));

/** A rule of `expectedActivity`: the fields in the stack's output. */
export type ConfiguredRule = z.infer<typeof configuredRules>[number];

/**
 * The stack's expected-activity rules. A stack without rules has no such output.
 *
 * @throws InvalidInput for any other content of the output.
 */
export async function expectedActivityOf(aws: Aws, { stack }: StackOptions): Promise<readonly ConfiguredRule[]> {
  const name = STACK_OUTPUT.expectedActivity;
  const rules = (await aws.stackOutputs(stack))[name] ?? '[]';
  return parseWith(configuredRules, parseJson(rules), `the output ${name} of the stack "${stack}"`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
