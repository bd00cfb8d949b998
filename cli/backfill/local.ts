import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { JobReader, SliceStanding } from '../../lib/operator/backfill-progress';
import { CliError } from '../cli';
import type { ExecutionStanding, Workflow } from './workflow';

/** What the local run is asked for. */
export interface LocalBackfill {
  readonly request: object;
  readonly concurrency?: number;
  readonly tailnet?: string;
  readonly state?: string;
  /** Each event is a line on stdout. */
  readonly events: boolean;
}

/** A backfill on this machine; it ends with this process. */
export interface LocalJob {
  readonly workflow: Pick<Workflow, 'look' | 'planOf'>;
  readonly jobs: JobReader;
  stop(): void;
}

const standing = z.object({ slice: z.int(), readTo: z.int(), page: z.int(), fetched: z.int(), emitted: z.int() });
const message = z.object({
  plan: z.optional(z.unknown()),
  slices: z.optional(z.array(standing)),
  output: z.optional(z.unknown()),
  error: z.optional(z.string()),
  cause: z.optional(z.string()),
});

/** The door of the local run. It is part of a clone, and not of the built command. */
const DOOR = 'local/backfill.ts';

/**
 * Starts the function that `npm run build` made, on AWS on a loopback port, in a process of its own.
 *
 * @throws CliError where there is no clone around the command.
 */
export function startLocally(asked: LocalBackfill): LocalJob {
  const root = [join(__dirname, '../..'), join(__dirname, '..')].find((folder) => existsSync(join(folder, DOOR)));
  if (root === undefined)
    throw new CliError("--local needs the connector's repository: run the command in a clone of it", 2);
  // Of a group of its own, since Ctrl-C reaches the whole group: it is for this process to hear, which then stops the other.
  const child = fork(join(root, DOOR), [JSON.stringify(asked)], {
    cwd: root,
    env: process.env,
    detached: true,
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  // Only of interest where it ends without a word: else it would run into the bars.
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (lastWords = (lastWords + chunk).slice(-1_000)));
  let look: ExecutionStanding = { status: 'RUNNING', output: undefined, error: null, cause: null };
  let plan: unknown;
  let slices: readonly SliceStanding[] = [];
  child.on('message', (sent) => {
    const said = z.parse(message, sent);
    plan ??= said.plan;
    slices = said.slices ?? slices;
    if (said.output !== undefined) look = { ...look, status: 'SUCCEEDED', output: said.output };
    if (said.error !== undefined) look = { ...look, status: 'FAILED', error: said.error, cause: said.cause ?? null };
  });
  child.once('exit', (code) => {
    if (look.status === 'RUNNING')
      look = {
        ...look,
        status: 'ABORTED',
        error: 'LocalRunEnded',
        cause: `its process ended with ${code ?? 'a signal'}: ${lastWords}`,
      };
  });
  return {
    workflow: { look: () => Promise.resolve(look), planOf: () => Promise.resolve(plan) },
    jobs: { slices: () => Promise.resolve(slices) },
    stop: () => void child.kill('SIGKILL'),
  };
}
