import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PollReport } from '../../lib/poll/poll';
import type { TestConnectionReport } from '../../lib/poll/test-connection';

/** What `npm run build` makes of functions/poll: the very file that is deployed. */
const POLL_BUNDLE = join(__dirname, '../../dist/functions/poll/index.js');

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

/** One Lambda sandbox: a process of its own, in which clients and caches live from one invocation to the next. */
export interface Sandbox {
  poll(options?: { readonly connector?: string; readonly remainingMs?: number }): Promise<PollReport>;
  testConnection(options?: { readonly remainingMs?: number }): Promise<TestConnectionReport>;
  invoke(event: unknown, remainingMs?: number): Promise<unknown>;
  /** Of its process. */
  readonly pid: number | undefined;
  /** Everything the sandbox has printed. */
  output(): string;
  /** What it was asked has been answered with this, reports and errors, as JSON texts. */
  readonly answers: readonly string[];
  /** As when Lambda or the machine dies: at once, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Stops it where it is, as Lambda does between two invocations: nothing in it goes on until `thaw`. */
  freeze(): void;
  thaw(): void;
}

export interface SandboxOptions {
  readonly bundle?: string;
  /** The node that runs it. */
  readonly node?: string;
}

/** Starts the bundled handler in plain node with exactly this environment (and what Lambda itself sets). */
export async function startSandbox(
  environment: Readonly<Record<string, string>>,
  { bundle = POLL_BUNDLE, node = process.execPath }: SandboxOptions = {},
): Promise<Sandbox> {
  const child = fork(join(__dirname, 'lambda-runtime.cjs'), {
    execPath: node,
    execArgv: [],
    env: {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...environment,
      HANDLER_FILE: bundle,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  const waiting = new Map<number, (reply: Reply) => void>();
  const answers: string[] = [];
  const started = new Promise<void>((resolve) => {
    child.on('message', (message: Reply | { readonly ready: true }) => {
      if ('ready' in message) resolve();
      else {
        answers.push(JSON.stringify(message));
        waiting.get(message.id)?.(message);
      }
    });
  });
  const gone = once(child, 'exit').then(() => {
    throw new InvocationError('Runtime.ExitError', `the sandbox is gone\n${printed}`, []);
  });
  gone.catch(() => undefined);
  await Promise.race([started, gone]);

  let invocations = 0;
  const invoke = async (event: unknown, remainingMs = 240_000): Promise<unknown> => {
    const id = (invocations += 1);
    const replied = new Promise<Reply>((resolve) => waiting.set(id, resolve));
    child.send({ id, event, remainingMs });
    const reply = await Promise.race([replied, gone]);
    if ('error' in reply) throw new InvocationError(reply.error.errorType, reply.error.errorMessage, reply.error.trace);
    return reply.result;
  };
  return {
    invoke,
    pid: child.pid,
    poll: async ({ connector, remainingMs } = {}) =>
      (await invoke({ action: 'poll', ...(connector === undefined ? {} : { connector }) }, remainingMs)) as PollReport,
    testConnection: async ({ remainingMs } = {}) =>
      (await invoke({ action: 'test-connection' }, remainingMs)) as TestConnectionReport,
    output: () => printed,
    answers,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}
