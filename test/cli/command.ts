import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Terminal } from '../../cli/cli';
import { run } from '../../cli/program';
import { wire } from '../../cli/clients';

/** The package's bin, as `npm run build` makes it. */
const BUNDLE = join(__dirname, '../../dist/cli/main.js');

type Environment = Readonly<Record<string, string>>;

const AWS = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command in a child process with this environment only, without a terminal. */
export async function installedCommand(args: readonly string[], environment: Environment): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BUNDLE, ...args], { env: { ...AWS, ...environment } }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Starts the built command, sends SIGINT after so many lines on stdout, and waits for its end. */
export async function interruptedCommand(
  args: readonly string[],
  environment: Environment,
  lines: number,
): Promise<Ended> {
  const child = spawn(process.execPath, [BUNDLE, ...args], { env: { ...AWS, ...environment } });
  const printed = { stdout: '', stderr: '' };
  let pressed = false;
  child.stderr.on('data', (chunk) => (printed.stderr += String(chunk)));
  child.stdout.on('data', (chunk) => {
    printed.stdout += String(chunk);
    // A second SIGINT would end the process at once.
    if (!pressed && printed.stdout.split('\n').length > lines) pressed = child.kill('SIGINT');
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode: exitCode ?? -1, ...printed };
}

export interface CommandOptions {
  readonly confirm?: Terminal['confirm'];
  readonly now?: () => number;
  readonly redraw?: Terminal['redraw'];
  /** Stream for progress bars. */
  readonly screen?: NodeJS.WritableStream;
  /** Ctrl-C. */
  readonly interruption?: AbortSignal;
}

/** Runs the command in this process with the real SDK clients, without a terminal unless the options have one. */
export async function tailscaleAudit(
  args: readonly string[],
  environment: Environment,
  {
    confirm = null,
    now = Date.now,
    redraw = null,
    screen,
    interruption = new AbortController().signal,
  }: CommandOptions = {},
): Promise<Ended> {
  const before = process.env;
  process.env = { ...before, ...AWS, ...environment };
  const printed = { stdout: '', stderr: '' };
  const clock = { now };
  const terminal: Terminal = {
    out: (line) => void (printed.stdout += `${line}\n`),
    note: (line) => void (printed.stderr += `${line}\n`),
    redraw,
    ...(screen === undefined ? {} : { screen }),
    confirm,
  };
  try {
    return {
      exitCode: await run(args, { clock, terminal, aws: wire(clock), interruption: () => interruption }),
      ...printed,
    };
  } finally {
    process.env = before;
  }
}
