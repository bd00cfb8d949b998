import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Millis } from '../../lib/domain/time';
import type { PollReport } from '../../lib/poll/poll';
import type { TestConnectionReport } from '../../lib/poll/test-connection';

/** The output of `npm run build`: the very files that are deployed. */
const BUNDLES = join(__dirname, '../../dist/functions');
const POLL_BUNDLE = join(BUNDLES, 'poll/index.js');
export const BACKFILL_BUNDLE = join(BUNDLES, 'backfill/index.js');

/** Sandboxes that one process runs in turn: each leaves some memory behind. */
const MAX_LIVES = 40;

/** A failed invocation, as Lambda reports it. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  constructor(
    readonly errorType: string,
    message: string,
    readonly trace: readonly string[],
  ) {
    super(message);
  }
}

type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { errorType: string; errorMessage: string; trace: string[] } };

/** One Lambda sandbox: clients and caches live from one invocation to the next. */
export interface Sandbox {
  poll(options?: { readonly connector?: string; readonly remainingMs?: number }): Promise<PollReport>;
  testConnection(options?: { readonly remainingMs?: number }): Promise<TestConnectionReport>;
  invoke(event: unknown, remainingMs?: number): Promise<unknown>;
  /** Sets its clock so far ahead of the machine's; also during an invocation. */
  setClock(aheadMs: Millis): Promise<void>;
  /** Of its process. */
  readonly pid: number | undefined;
  /** Everything that the sandbox has printed. */
  output(): string;
  /** The reports and errors of its invocations so far, as JSON texts. */
  readonly answers: readonly string[];
  readonly isKilled: boolean;
  /** As when Lambda or the machine dies: at once, in the middle of an invocation. */
  kill(): Promise<void>;
  /** Stops the process, as Lambda does between two invocations: nothing in it goes on until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Ends the sandbox; its process runs a later one unless an invocation is under way. */
  release(): Promise<void>;
}

export interface SandboxOptions {
  readonly bundle?: string;
  /** The node that runs it. */
  readonly node?: string;
  /** A process that has run no other sandbox: its memory can be measured, and its builtins patched. */
  readonly isAlone?: boolean;
}

/** A node process that runs one sandbox after another. */
interface SandboxProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly send: (message: object) => Promise<unknown>;
  lives: number;
  printed: string;
  underway: number;
  isDisturbed: boolean;
}

const idle: SandboxProcess[] = [];

/** Ends the processes that wait for another sandbox. */
export function closeIdleSandboxes(): void {
  for (const { child } of idle.splice(0)) child.kill('SIGKILL');
}
if (typeof afterAll === 'function') afterAll(closeIdleSandboxes);

function startProcess(node: string, environment: Readonly<Record<string, string>>): SandboxProcess {
  const child = fork(join(__dirname, 'lambda-runtime.cjs'), {
    execPath: node,
    execArgv: [],
    env: {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const waiting = new Map<number, (reply: Reply) => void>();
  const exited = once(child, 'exit');
  const gone = exited.then(() => {
    throw new InvocationError('Runtime.ExitError', `the sandbox is gone\n${started.printed}`, []);
  });
  gone.catch(() => undefined);
  let sent = 0;
  const started: SandboxProcess = {
    child,
    exited,
    lives: 0,
    printed: '',
    underway: 0,
    isDisturbed: false,
    async send(message) {
      const id = (sent += 1);
      const replied = new Promise<Reply>((resolve) => waiting.set(id, resolve));
      started.underway += 1;
      try {
        child.send({ id, ...message });
        const reply = await Promise.race([replied, gone]);
        if ('error' in reply)
          throw new InvocationError(reply.error.errorType, reply.error.errorMessage, reply.error.trace);
        return reply.result;
      } finally {
        started.underway -= 1;
      }
    },
  };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => (started.printed += chunk));
  child.on('message', (reply: Reply) => waiting.get(reply.id)?.(reply));
  return started;
}

const isGone = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Starts the bundled handler in plain node with exactly this environment (and what Lambda itself sets). */
export async function startSandbox(
  environment: Readonly<Record<string, string>>,
  { bundle = POLL_BUNDLE, node = process.execPath, isAlone = false }: SandboxOptions = {},
): Promise<Sandbox> {
  const isShared = !isAlone && node === process.execPath && environment['NODE_OPTIONS'] === undefined;
  let running = isShared ? idle.pop() : undefined;
  while (running !== undefined && isGone(running.child)) running = idle.pop();
  running ??= startProcess(node, isShared ? {} : environment);
  const { child, exited, send } = running;
  const own = running;
  own.lives += 1;
  await send({ action: 'load', file: bundle, environment });
  own.printed = '';

  let isKilled = false;
  const answers: string[] = [];
  const invoke = async (event: unknown, remainingMs = 240_000): Promise<unknown> => {
    try {
      const result = await send({ action: 'invoke', event, remainingMs });
      answers.push(JSON.stringify(result ?? null));
      return result;
    } catch (error) {
      if (error instanceof InvocationError)
        answers.push(JSON.stringify({ type: error.errorType, message: error.message, trace: error.trace }));
      throw error;
    }
  };
  const kill = async () => {
    isKilled = true;
    if (isGone(child)) return;
    child.kill('SIGKILL');
    await exited.catch(() => undefined);
  };
  return {
    invoke,
    pid: child.pid,
    poll: async ({ connector, remainingMs } = {}) =>
      (await invoke({ action: 'poll', ...(connector === undefined ? {} : { connector }) }, remainingMs)) as PollReport,
    testConnection: async ({ remainingMs } = {}) =>
      (await invoke({ action: 'test-connection' }, remainingMs)) as TestConnectionReport,
    setClock: async (aheadMs) => {
      await send({ action: 'clock', aheadMs });
    },
    output: () => own.printed,
    answers,
    get isKilled() {
      return isKilled;
    },
    kill,
    freeze: () => {
      own.isDisturbed = true;
      child.kill('SIGSTOP');
    },
    thaw: () => void child.kill('SIGCONT'),
    async release() {
      const isReusable = isShared && !isKilled && own.underway === 0 && !own.isDisturbed && own.lives < MAX_LIVES;
      if (isReusable && !isGone(child)) idle.push(own);
      else await kill();
    },
  };
}
