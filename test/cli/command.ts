import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Terminal } from '../../cli/cli';
import { run } from '../../cli/program';
import { wire } from '../../cli/clients';

/** What `npm run build` makes of the command: the package's bin. */
const BUNDLE = join(__dirname, '../../dist/cli/main.js');

type Environment = Readonly<Record<string, string>>;

const AWS = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command in a process of its own, with this environment alone and nobody to ask. */
export async function installedCommand(args: readonly string[], environment: Environment): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BUNDLE, ...args], { env: { ...AWS, ...environment } }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Starts the built command, presses Ctrl-C when so many lines are on stdout, and waits for its end. */
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
    // The second one would end the process at once.
    if (!pressed && printed.stdout.split('\n').length > lines) pressed = child.kill('SIGINT');
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode: exitCode ?? -1, ...printed };
}

export interface CommandOptions {
  readonly confirm?: Terminal['confirm'];
  readonly now?: () => number;
  /** A terminal's screen. */
  readonly redraw?: Terminal['redraw'];
  /** Where progress is drawn. */
  readonly screen?: NodeJS.WritableStream;
  /** Ctrl-C. */
  readonly interruption?: AbortSignal;
}

/** Runs the command in this process with the SDK's real clients. Nobody is there to ask unless `confirm` is given. */
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
