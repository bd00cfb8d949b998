import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../cli/program';

/** The package's bin, made by `npm run build`. */
const BUNDLE = join(__dirname, '../../../dist/cli/main.js');

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process. Any use of AWS throws. */
export async function diffHere(args: readonly string[]): Promise<Ended> {
  const printed = { stdout: '', stderr: '' };
  const terminal = {
    out: (line: string) => void (printed.stdout += `${line}\n`),
    note: (line: string) => void (printed.stderr += `${line}\n`),
    redraw: null,
    confirm: null,
  };
  const never = (): never => {
    throw new Error('used AWS');
  };
  const exitCode = await run(['diff', ...args], {
    clock: { now: never },
    terminal,
    aws: {
      stackOutputs: never,
      invoke: never,
      rewinder: never,
      statusReader: never,
      workflow: never,
      jobReader: never,
    },
    interruption: never,
  });
  return { exitCode, ...printed };
}

/** A folder with policy files in which the built command runs. */
export interface PolicyFolder {
  readonly path: string;
  /** The absolute path. */
  file(name: string): string;
  put(name: string, text: string | Uint8Array): Promise<void>;
  text(name: string): Promise<string>;
  /** `tailscale-audit diff …`, without AWS in the environment. */
  diff(args: readonly string[], stdin?: string): Promise<Ended>;
  remove(): Promise<void>;
}

export async function policyFolder(): Promise<PolicyFolder> {
  const path = await mkdtemp(join(tmpdir(), 'policies-'));
  return {
    path,
    file: (name) => join(path, name),
    put: (name, text) => writeFile(join(path, name), text),
    text: (name) => readFile(join(path, name), 'utf8'),
    diff: (args, stdin = '') =>
      new Promise((resolve) => {
        const child = execFile(
          process.execPath,
          [BUNDLE, 'diff', ...args],
          { cwd: path, env: { NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
          },
        );
        // A command that does not read stdin may end before this write.
        child.stdin?.on('error', () => undefined).end(stdin);
      }),
    remove: () => rm(path, { recursive: true }),
  };
}
