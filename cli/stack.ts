import { Option, type Command } from 'commander';
import * as z from 'zod/mini';
import { parseWith } from '../lib/contract/parse';
import { CliError, type Aws } from './cli';

/** Name of the stack where the context names no other. */
const DEFAULT_STACK = 'TailscaleAuditConnector';

/** Where a deployed name is found among the stack's outputs, and how it is given by hand. */
interface Place {
  readonly output: string;
  readonly flag: string;
}
export const TABLE: Place = { output: 'TableName', flag: '--table' };
export const POLL_FUNCTION: Place = { output: 'FunctionName', flag: '--function' };
export const BACKFILL_FUNCTION: Place = { output: 'BackfillFunctionName', flag: '--function' };
export const STATE_MACHINE: Place = { output: 'BackfillStateMachineArn', flag: '--state-machine' };

export interface StackOptions {
  readonly stack: string;
}

/** Adds `--stack`, and the option that makes it needless. */
export function withStack(command: Command, instead: Option): Command {
  const stack = new Option('--stack <name>', 'CloudFormation stack whose outputs name what is deployed').default(
    DEFAULT_STACK,
  );
  return command.addOption(stack).addOption(instead.conflicts('stack'));
}

/**
 * The deployed name: as given, else from the stack.
 *
 * @throws CliError where the stack has no such output, or does not follow the connector.
 */
export async function deployedName(
  aws: Aws,
  { output, flag }: Place,
  given: string | undefined,
  { stack }: StackOptions,
  connector?: string,
): Promise<string> {
  if (given !== undefined) return given;
  const outputs = await aws.stackOutputs(stack);
  const connectors = outputs['Connectors']?.split(',');
  if (connector !== undefined && connectors?.includes(connector) === false) {
    throw new CliError(
      `there is no connector "${connector}" in the stack "${stack}"; it has ${connectors.join(', ')}`,
      2,
    );
  }
  const name = outputs[output];
  if (name === undefined)
    throw new CliError(
      `the stack "${stack}" has no output ${output}: deploy this version of it (npx cdk deploy), or give the name with ${flag}`,
    );
  return name;
}

/**
 * Ids of the connectors that the stack follows.
 *
 * @throws CliError where the stack does not say.
 */
export async function connectorsOf(aws: Aws, { stack }: StackOptions): Promise<string[]> {
  const { Connectors: connectors } = await aws.stackOutputs(stack);
  if (connectors === undefined)
    throw new CliError(
      `the stack "${stack}" has no output Connectors: deploy this version of it (npx cdk deploy), or give --table and --connector`,
    );
  return connectors.split(',');
}

const configuredRules = z.array(z.object({ rule: z.string(), endsOn: z.optional(z.string()) }));

/** A rule of `expectedActivity`, as far as the stack's outputs have it. */
export type ConfiguredRule = z.infer<typeof configuredRules>[number];

/**
 * The expected-activity rules that the stack was deployed with. A stack without rules has no such output, and neither has
 * one that was deployed before there was one.
 *
 * @throws InvalidInput where the output is not the list that the stack makes.
 */
export async function expectedActivityOf(aws: Aws, { stack }: StackOptions): Promise<readonly ConfiguredRule[]> {
  const { ExpectedActivity: rules = '[]' } = await aws.stackOutputs(stack);
  return parseWith(configuredRules, parseJson(rules), `the output ExpectedActivity of the stack "${stack}"`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
