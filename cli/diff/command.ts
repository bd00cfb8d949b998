import { writeFile } from 'node:fs/promises';
import { isNativeError } from 'node:util/types';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { visible } from '../../lib/contract/visible';
import { diffPolicy, type PolicyDiffResult } from '../../lib/policy/policy-diff';
import { CliError, type Cli } from '../cli';
import { judge, THRESHOLDS, type Threshold } from './gate';
import { htmlPage } from './html';
import { markdownText } from './markdown';
import { readSide } from './read-side';
import { terminalText } from './terminal';

const HELP = `
OLD and NEW are files. - is stdin; /dev/null stands for a policy that is not there yet. Needs neither AWS nor Tailscale.

Exit codes: 0 fine, 1 a file could not be read or compared, 2 it was asked for wrongly, 3 a finding that --fail-on asks for.

Examples:
  git show main:policy.hujson | tailscale-audit diff - policy.hujson
  tailscale-audit diff old.hujson new.hujson --fail-on high
  tailscale-audit diff old.hujson new.hujson --markdown --html page.html
`;

interface Options {
  readonly json: boolean;
  readonly markdown: boolean;
  /** The file for the page; true for stdout. */
  readonly html?: string | true;
  readonly failOn: Threshold;
}

/** `tailscale-audit diff OLD NEW`: what a change of the policy file does, before it is applied or after. */
export function diffCommand({ terminal }: Pick<Cli, 'terminal'>): Command {
  return new Command('diff')
    .summary('say what a change of the policy file does')
    .description('Says what a change of a Tailscale policy file does: findings, changes in words, and lines.')
    .usage('OLD NEW [options]')
    .argument('<old>', 'the policy file before')
    .argument('<new>', 'the policy file after')
    .addOption(new Option('--json', 'the result as JSON').default(false).conflicts('markdown'))
    .option('--markdown', 'a comment for a pull request', false)
    .option('--html [file]', 'one page that needs nothing else; without a file on stdout, and then it comes last')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 3 when the change brings in a finding this grave or graver')
        .choices(THRESHOLDS)
        .default('never'),
    )
    .addHelpText('after', HELP)
    .action((oldPath: string, newPath: string, options: Options) => diff(oldPath, newPath, options, terminal));
}

async function diff(
  oldPath: string,
  newPath: string,
  options: Options,
  terminal: Pick<Cli['terminal'], 'out'>,
): Promise<void> {
  if (oldPath === '-' && newPath === '-') throw new CliError('only one side can come from stdin', 2);
  if (options.html === true && (options.json || options.markdown))
    throw new CliError('beside --json and --markdown, --html needs a file', 2);
  const result = diffPolicy(await readSide(oldPath, process.stdin), await readSide(newPath, process.stdin));
  const page = options.html === undefined ? '' : htmlPage(result, { old: nameOf(oldPath), next: nameOf(newPath) });
  if (typeof options.html === 'string') await writePage(options.html, page);
  terminal.out((options.html === true ? page : textOf(result, options)).trimEnd());
  const verdict = judge(result, options.failOn);
  if (verdict.exitCode !== 0) throw new CliError(verdict.reason, verdict.exitCode);
}

function nameOf(path: string): string {
  return path === '-' ? 'stdin' : path;
}

async function writePage(path: string, page: string): Promise<void> {
  await writeFile(path, page).catch((error: unknown) => {
    throw new CliError(`cannot write ${path}: ${isNativeError(error) ? error.message : 'unknown reason'}`, 1, {
      cause: error,
    });
  });
}

function textOf(result: PolicyDiffResult, { json, markdown }: Options): string {
  if (json) return visible(JSON.stringify(result, null, 2));
  return markdown ? markdownText(result) : terminalText(result, pc);
}
