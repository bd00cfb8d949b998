import '../../setup.cjs';
import { parseArgs } from 'node:util';
import { FAULTS, type Fault } from './faults';
import { createSandboxPool } from './sandbox-pool';
import { sweep, type Result, type Sweep } from './sweep';
import { endProcess } from '../../harness/end-process';

const USAGE = `The crash sweep: every request of the bundled handler is hit by every fault, and afterwards every invariant must hold.

  --every N      hits every n-th request only (1)
  --from N       the first request that is hit (1)
  --dialect D    audit or configuration (both)
  --fault F      ${FAULTS.map(({ name }) => name).join(', ')} (all)
  --jobs N       plays at once (4)
`;

const DIALECTS = ['audit', 'configuration'] as const;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      every: { type: 'string' },
      from: { type: 'string' },
      dialect: { type: 'string' },
      fault: { type: 'string' },
      jobs: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const faults = FAULTS.filter(({ name }) => values.fault === undefined || values.fault === name);
  const dialects = DIALECTS.filter((name) => values.dialect === undefined || values.dialect === name);
  const [every, from, jobs] = [values.every ?? '1', values.from ?? '1', values.jobs ?? '4'].map(Number);
  if (
    values.help === true ||
    faults.length === 0 ||
    dialects.length === 0 ||
    !isCount(every) ||
    !isCount(from) ||
    !isCount(jobs)
  ) {
    console.log(USAGE);
    return values.help === true ? 0 : 1;
  }

  const began = performance.now();
  const pool = createSandboxPool();
  try {
    const swept = await sweep({ pool, dialects, faults, every, from, jobs, onResult: complain });
    for (const one of swept.undisturbed)
      one.problems.forEach((problem) => {
        console.log(`${one.dialect}, undisturbed: ${problem}`);
      });
    for (const dialect of dialects)
      for (const fault of faults)
        console.log(
          lineOf(
            swept.results.filter((one) => one.dialect === dialect && one.fault === fault),
            dialect,
            fault,
          ),
        );
    console.log(summaryOf(swept, (performance.now() - began) / 1000));
    return problemsOf(swept) === 0 ? 0 : 1;
  } finally {
    pool.close();
  }
}

const isCount = (value: number | undefined): value is number => Number.isInteger(value) && Number(value) > 0;

function complain({ dialect, fault, at, hit, problems }: Result): void {
  for (const problem of problems) {
    console.log(
      `${dialect}, ${fault.name}, request ${at} (${hit?.what ?? 'not reached'}): ${problem}\n  again: npm run test:crash -- --dialect ${dialect} --fault ${fault.name} --from ${at} --every 1000`,
    );
  }
}

function lineOf(results: readonly Result[], dialect: string, { name }: Fault): string {
  const worst = Math.max(0, ...results.map(({ repeated }) => repeated));
  return `${dialect.padEnd(13)} ${name.padEnd(13)} ${results.length} runs, ${sum(results, 'repeated')} duplicates, at most ${worst} in a run, ${results.filter(({ problems }) => problems.length > 0).length} wrong`;
}

const sum = (results: readonly Result[], what: 'delivered' | 'lost' | 'repeated') =>
  results.reduce((total, result) => total + result[what], 0);

const problemsOf = ({ undisturbed, results }: Sweep) =>
  [...undisturbed, ...results].reduce((total, { problems }) => total + problems.length, 0);

function summaryOf(swept: Sweep, seconds: number): string {
  const { undisturbed, results } = swept;
  const requests = undisturbed.map(({ dialect, arrivals }) => `${arrivals.length} requests in ${dialect}`).join(', ');
  const worst = results.toSorted((one, other) => other.repeated - one.repeated)[0];
  const worstRun =
    worst === undefined || worst.repeated === 0
      ? 'none'
      : `${worst.repeated} events (${worst.dialect}, ${worst.fault.name}, request ${worst.at})`;
  return (
    `crash sweep: ${requests}; ${results.length} runs, ${sum(results, 'delivered')} events delivered, ${sum(results, 'lost')} lost, ` +
    `${sum(results, 'repeated')} duplicates, worst repeat ${worstRun}; ${problemsOf(swept)} problems; ${Math.round(seconds)} s`
  );
}

endProcess(main());
