import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { isNativeError } from 'node:util/types';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import type { Severity } from '../../lib/contract/audit-event';
import { visible } from '../../lib/contract/visible';
import { diffPolicy, type PolicyDiffResult } from '../../lib/policy/policy-diff';
import { CliError, type Cli } from '../cli';
import { htmlPage } from './html';
import { markdownText } from './markdown';
import { terminalText } from './terminal';

const HELP = `
OLD and NEW are files. - is stdin; /dev/null is a policy that does not exist yet. Needs neither AWS nor Tailscale.

Exit codes: 0 success, 1 a file cannot be read or compared, 2 usage error, 3 a finding at or above --fail-on.

Examples:
  git show main:policy.hujson | tailscale-audit diff - policy.hujson
  tailscale-audit diff old.hujson new.hujson --fail-on high
  tailscale-audit diff old.hujson new.hujson --markdown --html page.html
`;

/** Values of `--fail-on`, the most severe first. */
const THRESHOLDS = ['high', 'medium', 'info', 'never'] as const satisfies readonly (Severity | 'never')[];
type Threshold = (typeof THRESHOLDS)[number];

interface Options {
  readonly json: boolean;
  readonly markdown: boolean;
  /** The file for the page; true for stdout. */
  readonly html?: string | true;
  readonly failOn: Threshold;
}

/** `tailscale-audit diff OLD NEW`: reports what a change of the policy file does. */
export function diffCommand({ terminal }: Pick<Cli, 'terminal'>): Command {
  return new Command('diff')
    .summary('report what a change of the policy file does')
    .description(
      'Reports what a change of a Tailscale policy file does: findings, changes by section, and changed lines.',
    )
    .usage('OLD NEW [options]')
    .argument('<old>', 'policy file before the change')
    .argument('<new>', 'policy file after the change')
    .addOption(new Option('--json', 'print the result as JSON').default(false).conflicts('markdown'))
    .option('--markdown', 'print a comment for a pull request', false)
    .option('--html [file]', 'write one self-contained page; without a file to stdout, as the last option')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 3 if the change introduces a finding of this severity or above')
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
    throw new CliError('with --json or --markdown, --html needs a file', 2);
  const result = diffPolicy(await readSide(oldPath), await readSide(newPath));
  const page = options.html === undefined ? '' : htmlPage(result, { old: nameOf(oldPath), next: nameOf(newPath) });
  if (typeof options.html === 'string') await writePage(options.html, page);
  terminal.out((options.html === true ? page : textOf(result, options)).trimEnd());
  if (options.failOn !== 'never') judge(result, options.failOn);
}

function nameOf(path: string): string {
  return path === '-' ? 'stdin' : path;
}

function textOf(result: PolicyDiffResult, { json, markdown }: Options): string {
  if (json) return visible(JSON.stringify(result, null, 2));
  return markdown ? markdownText(result) : terminalText(result, pc);
}

/** @throws CliError with exit code 3 for a finding at or above the threshold, and 1 for a change that cannot be compared. */
function judge({ findings, parseError, unified, summary, cuts }: PolicyDiffResult, threshold: Threshold): void {
  const failing = findings.filter(({ severity }) => THRESHOLDS.indexOf(severity) <= THRESHOLDS.indexOf(threshold));
  if (failing.length > 0) {
    const count = `${failing.length} new finding${failing.length === 1 ? '' : 's'}`;
    throw new CliError(`${count} at or above ${threshold}: ${[...new Set(failing.map(({ id }) => id))].join(', ')}`, 3);
  }
  if (parseError !== undefined && unified !== '')
    throw new CliError(`the change cannot be judged: ${summary}; fix that file first`, 1);
  // A comparison that stopped early counts one finding more than it found.
  if (cuts.some(({ path, shown, total }) => path === 'findings' && total === shown + 1))
    throw new CliError(
      'the files are too large to compare completely, and findings may be missing: review the change',
      1,
    );
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; for a first policy give /dev/null as OLD',
  EISDIR: 'this is a folder; give the policy file in it',
  EACCES: 'permission denied; check the permissions of the file',
};

/** @throws CliError that names the file and says what to do. */
async function readSide(path: string): Promise<string> {
  const bytes = await (path === '-' ? buffer(process.stdin) : readFile(path)).catch((error: unknown) => {
    throw new CliError(`cannot read ${nameOf(path)}: ${reasonOf(error)}`, 1, { cause: error });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = 'it is not UTF-8 text; save the policy as UTF-8';
    throw new CliError(`cannot read ${nameOf(path)}: ${reason}`, 1, { cause: error });
  }
}

async function writePage(path: string, page: string): Promise<void> {
  await writeFile(path, page).catch((error: unknown) => {
    const reason = isNativeError(error) ? error.message : 'unknown reason';
    throw new CliError(`cannot write ${path}: ${reason}`, 1, { cause: error });
  });
}

function reasonOf(error: unknown): string {
  if (!isNativeError(error)) return 'unknown reason';
  return ('code' in error && typeof error.code === 'string' ? ADVICE[error.code] : undefined) ?? error.message;
}
