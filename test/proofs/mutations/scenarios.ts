import { play } from '../crash/play';
import { runTrial } from '../crash/run-trial';
import type { SandboxPool } from '../crash/sandbox-pool';
import type { Arrival, Fate } from '../crash/trial';
import { recordAt } from '../crash/records';
import type { ProofName } from './mutations';
import type { PageScenario } from './pages';
import { HOUR, DAY } from '../../../lib/domain/time';

const SECOND = 1_000;

/** The write of that number to STATE: the lease is taken, and each page is noted and committed. */
const SECOND_COMMIT = 5;

/** Scenarios over sockets, with the pool's bundle. Each returns the problems found at its end. */
export const SCENARIOS: Readonly<
  Record<Exclude<ProofName, 'simulation' | PageScenario>, (pool: SandboxPool) => Promise<readonly string[]>>
> = {
  story: async (pool) => (await play({ dialect: 'audit', pool })).problems,

  'frozen at a commit': async (pool) => {
    const isSecondCommit = nth(SECOND_COMMIT, 'dynamodb UpdateItem STATE');
    const { problems } = await runTrial({
      dialect: 'audit',
      pool,
      pageSize: 3,
      faults: () => 1,
      async decide(arrival, run): Promise<Fate> {
        if (isSecondCommit(arrival)) await run.freeze();
        return 'passes';
      },
      async script(run, { setup, now }) {
        setup.api.add(few(now()));
        await run.tick();
      },
    });
    return problems;
  },

  'late record': async (pool) => {
    const { problems } = await runTrial({
      dialect: 'audit',
      pool,
      async script(run, { setup, now, advance }) {
        const first = now();
        await run.tick();
        advance(30 * SECOND);
        setup.api.add(recordAt(first - 90 * SECOND, 'nLateCNTRL'));
        await run.tick();
      },
    });
    return problems;
  },

  outage: async (pool) => {
    const { problems } = await runTrial({
      dialect: 'configuration',
      pool,
      async script(run, { setup, now, advance }) {
        const first = now();
        await run.tick();
        advance(20 * HOUR);
        await run.tick();
        setup.api.add(recordAt(first + 2 * HOUR, 'nForgottenCNTRL'));
        advance(9 * DAY);
        await run.tick();
      },
    });
    return problems;
  },

  'cursor taken up again': async (pool) => {
    const isSecondCommit = nth(SECOND_COMMIT, 'dynamodb UpdateItem STATE');
    const { problems } = await runTrial({
      dialect: 'audit',
      pool,
      pageSize: 3,
      faults: () => 1,
      async decide(arrival, run): Promise<Fate> {
        if (!isSecondCommit(arrival)) return 'passes';
        await run.kill();
        return 'before';
      },
      async script(run, { setup, now, advance }) {
        const first = now();
        setup.api.add(few(first));
        await run.invoke();
        advance(6 * HOUR);
        setup.api.add(recordAt(first + HOUR, 'nMeanwhileCNTRL'));
        await run.tick();
      },
    });
    return problems;
  },
};

/** Records of three pages of three, but for one. */
const few = (now: number) =>
  Array.from({ length: 8 }, (_, index) => recordAt(now - (index + 1) * 20 * SECOND, `nFew${index}CNTRL`));

/** Whether a request is the n-th of its kind. */
function nth(count: number, what: string): (arrival: Arrival) => boolean {
  let seen = 0;
  return (arrival) => arrival.what === what && (seen += 1) === count;
}
