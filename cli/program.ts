import { Command, CommanderError } from 'commander';
import { visibleLine } from '../lib/contract/visible';
import { backfillCommand } from './backfill/command';
import { CliError, type Cli } from './cli';
import { diffCommand } from './diff/command';
import { redriveCommand } from './redrive';
import { rewindCommand } from './rewind';
import { statusCommand } from './status/command';
import { testConnectionCommand } from './test-connection';

const HELP = `
AWS region and credentials are those of the environment, as for the AWS CLI (AWS_PROFILE, AWS_REGION, …).

Exit codes: 0 done, 1 it failed, 2 it was asked for wrongly and nothing was done; 3 and 4 are "diff"'s and
"status"'s own.
"tailscale-audit <command> --help" has examples.
`;

/**
 * Runs one command.
 *
 * @param args Without node and script.
 * @returns The exit code.
 */
export async function run(args: readonly string[], { terminal, ...rest }: Cli): Promise<0 | 1 | 2 | 3 | 4 | 130> {
  // Nothing paints a note, and much of what one says comes from outside: each is one line of visible characters.
  const note = (line: string): void => {
    terminal.note(visibleLine(line));
  };
  const cli: Cli = { ...rest, terminal: { ...terminal, note } };
  const program = new Command('tailscale-audit')
    .description('Operates a deployed Tailscale audit connector.')
    .addHelpText('after', HELP);
  for (const command of [
    statusCommand(cli),
    testConnectionCommand(cli),
    backfillCommand(cli),
    rewindCommand(cli),
    redriveCommand(cli),
    diffCommand(cli),
  ])
    program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showHelpAfterError('(--help has examples)')
      .configureOutput({
        writeOut: (text) => {
          terminal.out(text.trimEnd());
        },
        writeErr: (text) => {
          text.trimEnd().split('\n').forEach(note);
        },
      });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said what was wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    note(error instanceof Error ? error.message : String(error));
    return error instanceof CliError ? error.exitCode : 1;
  }
}
