import { join } from 'node:path';
import type { Millis } from '../../../lib/domain/time';
import { startSandbox, type Sandbox } from '../../harness/lambda';

/** What `npm run build` makes. */
export const POLL_BUNDLE = join(__dirname, '../../../dist/functions/poll/index.js');

/** Sandboxes that one process stands for, one after another, before it is given up. */
const LIVES = 40;

/** A sandbox whose clock can be put ahead of the machine's. */
export interface TimedSandbox {
  poll(): ReturnType<Sandbox['poll']>;
  /** Also in the middle of an invocation: as when a frozen sandbox goes on. */
  setClock(aheadMs: Millis): Promise<void>;
  kill(): Promise<void>;
  readonly isKilled: boolean;
}

export interface SandboxPool {
  /** A sandbox that has never been invoked, as far as its handler can tell. */
  take(environment: Readonly<Record<string, string>>, aheadMs: Millis): Promise<TimedSandbox>;
  /** Nothing may be under way in it. */
  giveBack(sandbox: TimedSandbox): void;
  close(): Promise<void>;
}

/** @param remainingMs What every invocation has. */
export function createSandboxPool({
  bundle = POLL_BUNDLE,
  remainingMs,
  ahead = 0,
}: {
  bundle?: string;
  remainingMs: Millis;
  /** Started before they are asked for. */ ahead?: number;
}): SandboxPool {
  const started: Promise<Sandbox>[] = [];
  const idle: Process[] = [];
  const processOf = new WeakMap<TimedSandbox, Process>();
  let closed = false;

  const start = () => {
    const sandbox = startSandbox({ BUNDLE: bundle }, { bundle: join(__dirname, 'renewable.cjs') });
    sandbox.catch(() => undefined);
    started.push(sandbox);
  };

  const fresh = async (): Promise<Process> => {
    while (started.length <= ahead) start();
    const sandbox = await started.shift();
    if (sandbox === undefined) throw new Error('none was started');
    return { sandbox, lives: LIVES };
  };

  return {
    async take(environment, aheadMs) {
      const taken = idle.pop() ?? (await fresh());
      const { sandbox } = taken;
      taken.lives -= 1;
      await sandbox.invoke({ setting: { environment, aheadMs } });
      let isKilled = false;
      const timed: TimedSandbox = {
        poll: () => sandbox.poll({ remainingMs }),
        setClock: async (to) => {
          await sandbox.invoke({ setting: { aheadMs: to } });
        },
        kill: async () => {
          isKilled = true;
          await sandbox.kill();
        },
        get isKilled() {
          return isKilled;
        },
      };
      processOf.set(timed, taken);
      return timed;
    },
    giveBack(sandbox) {
      const taken = processOf.get(sandbox);
      if (taken === undefined || sandbox.isKilled) return;
      if (taken.lives > 0 && !closed) idle.push(taken);
      else void taken.sandbox.kill();
    },
    async close() {
      closed = true;
      const rest = [...(await Promise.all(started)), ...idle.map(({ sandbox }) => sandbox)];
      await Promise.all(rest.map((sandbox) => sandbox.kill()));
    },
  };
}

interface Process {
  readonly sandbox: Sandbox;
  lives: number;
}
