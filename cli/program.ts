import { Command, CommanderError } from 'commander';
import { visibleLine } from '../lib/contract/visible';
import { backfillCommand } from './backfill/command';
import { CliError, type Cli, type ExitCode } from './cli';
import { diffCommand } from './diff/command';
import { redriveCommand } from './redrive';
import { rewindCommand } from './rewind';
import { statusCommand } from './status/command';
import { testConnectionCommand } from './test-connection';

const HELP = `
AWS region and credentials come from the environment, as for the AWS CLI (AWS_PROFILE, AWS_REGION, …).

Exit codes: 0 done, 1 failed, 2 usage error; 3 "diff --fail-on" found such a change, 4 "status" found an unhealthy
connector, 130 "backfill" was interrupted. "tailscale-audit <command> --help" shows examples.
`;

/** Runs one command. `args` does not include node and the script. */
export async function run(args: readonly string[], { terminal, ...rest }: Cli): Promise<ExitCode> {
  // A note may contain external text: it is one line of visible characters.
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
      .showHelpAfterError('(--help shows examples)')
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
    // Commander has printed the message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    note(error instanceof Error ? error.message : String(error));
    return error instanceof CliError ? error.exitCode : 1;
  }
}
