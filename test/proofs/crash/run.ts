import { setTimeout as delay } from 'node:timers/promises';
import type { Millis } from '../../../lib/domain/time';
import type { Sandbox } from '../../harness/lambda';
import type { SandboxPool } from './sandbox-pool';
import type { Trial } from './trial';

/** Milliseconds that an invocation has. */
const REMAINING_MS: Millis = 60_000;

/** Milliseconds after which a dead run's lease has ended: its time, its slack of 5 s and the clocks' skew of 10 s. */
const LEASE_OVER_MS: Millis = 80_000;

/** Real milliseconds after which an invocation counts as hanging. */
const HANGS_MS: Millis = 90_000;

/** Invocations within which a tick's work has to be done, whatever happened to the first. */
const TRIES = 4;

/** Runs the connector: sandboxes are started, killed and replaced, as by Lambda. */
export interface Run {
  /** Invokes once. @returns whether all of a tick's work was done. */
  invoke(): Promise<boolean>;
  /** Invokes until everything is done, with the next tick's delay in between. */
  tick(): Promise<void>;
  /** As `tick`, with another sandbox invoked at the same instant. */
  tickInTwo(): Promise<void>;
  /** Kills the sandbox that is at work. */
  kill(): Promise<void>;
  /** The working sandbox is frozen until its lease has ended and another one has done its work. */
  freeze(): Promise<void>;
  /** How invocations failed; without those of killed sandboxes. */
  readonly failures: readonly string[];
  readonly problems: readonly string[];
  end(): Promise<void>;
}

export function createRun(trial: Trial, pool: SandboxPool): Run {
  const failures: string[] = [];
  const problems: string[] = [];
  let current: Sandbox | undefined;

  const take = () => pool.take(trial.setup.environment, trial.aheadMs());

  const invoke = async (sandbox: Sandbox): Promise<boolean> => {
    const timer = new AbortController();
    const hanging = delay(HANGS_MS, undefined, timer).then(() => {
      throw new Error('I18: it did not end');
    });
    try {
      await sandbox.setClock(trial.aheadMs());
      const { connectors } = await Promise.race([sandbox.poll({ remainingMs: REMAINING_MS }), hanging]);
      return connectors.every(({ busy, partial }) => !busy && !partial);
    } catch (error) {
      if (!sandbox.isKilled) failures.push(error instanceof Error ? error.message : 'no Error');
      return false;
    } finally {
      timer.abort();
      hanging.catch(() => undefined);
    }
  };

  const until = async (attempt: () => Promise<boolean>) => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await attempt()) return;
      trial.advance(LEASE_OVER_MS);
    }
    problems.push(`I12: its work is not done after ${TRIES} invocations: ${failures.at(-1) ?? 'none failed'}`);
  };

  const alive = async () => (current = current === undefined || current.isKilled ? await take() : current);

  return {
    failures,
    problems,
    invoke: async () => invoke(await alive()),
    tick: () => until(async () => invoke(await alive())),
    tickInTwo: () =>
      until(async () => {
        const [one, other] = await Promise.all([alive(), take()]);
        const done = await Promise.all([invoke(one), invoke(other)]);
        await other.release();
        return done.includes(true);
      }),
    kill: async () => current?.kill(),
    async freeze() {
      trial.advance(LEASE_OVER_MS);
      const other = await take();
      await invoke(other);
      await other.release();
      await current?.setClock(trial.aheadMs());
    },
    end: async () => current?.release(),
  };
}
