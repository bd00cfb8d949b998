import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandboxPool } from '../crash/sandbox-pool';
import { bundle, ROOT } from './mutant';
import { PROOFS, type Mutation, type ProofName } from './mutations';
import { PAGE_SCENARIOS, type PageScenario } from './pages';
import { SCENARIOS } from './scenarios';

export interface Finding {
  readonly isWell: boolean;
  readonly lines: readonly string[];
}

/** Without a mistake every proof must hold, or what it says about mistakes is worth nothing. */
export async function control(seeds: number): Promise<Finding> {
  const said = await Promise.all(PROOFS.map(async (proof) => ({ proof, problems: await prove(proof, null, seeds) })));
  const lines = said.flatMap(({ proof, problems }) => problems.map((problem) => `${proof}: ${problem}`));
  return { isWell: lines.length === 0, lines: lines.length === 0 ? [`all hold: ${PROOFS.join(', ')}`] : lines };
}

/** Every proof that knows the mistake must say so, by the invariant that it breaks. */
export async function hunt(mutation: Mutation, seeds: number): Promise<Finding> {
  const said = await Promise.all(
    mutation.caughtBy.map(async ({ proof, invariants }) => ({
      proof,
      invariants,
      problems: await prove(proof, mutation, seeds),
    })),
  );
  const catches = said.map(({ proof, invariants, problems }) => {
    const problem = problems.find((one) => invariants.some((invariant) => one.startsWith(`${invariant}:`)));
    return {
      isCaught: problem !== undefined,
      line:
        problem === undefined
          ? `${proof} does not catch it by ${invariants.join(' or ')}; it says: ${problems[0] ?? 'nothing'}`
          : `caught by ${proof}: ${problem}`,
    };
  });
  return { isWell: catches.every(({ isCaught }) => isCaught), lines: catches.map(({ line }) => line) };
}

/** What a proof finds wrong. */
async function prove(proof: ProofName, mutation: Mutation | null, seeds: number): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'));
  try {
    if (proof === 'simulation') return await simulate(await bundle('simulation', mutation, folder), seeds);
    if (isPageScenario(proof)) return await playPage(await bundle('pages', mutation, folder), proof);
    const pool = createSandboxPool(await bundle('handler', mutation, folder));
    try {
      return await SCENARIOS[proof](pool);
    } finally {
      pool.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const isPageScenario = (proof: ProofName): proof is PageScenario => proof in PAGE_SCENARIOS;

async function playPage(file: string, scenario: PageScenario): Promise<readonly string[]> {
  const { code, printed } = await run(file, [scenario]);
  const lines = printed.split('\n').filter((line) => line !== '');
  return code === 0 ? lines : [`the scenario ended with ${code}: ${printed.slice(-500)}`];
}

function run(file: string, args: readonly string[]): Promise<{ code: number; printed: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [file, ...args],
      { maxBuffer: 2 ** 26, env: { ...process.env, NODE_PATH: join(ROOT, 'node_modules') } },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? 1, printed: stdout + stderr });
      },
    );
  });
}

/** Up to the first seed that finds something. */
async function simulate(file: string, seeds: number): Promise<readonly string[]> {
  const { code, printed } = await run(file, ['--seeds', String(seeds), '--bail']);
  if (code === 0) return [];
  const [, seed, invariant, message] = /^seed (\d+) violates (\w+) \([^)]*\): (.*)$/m.exec(printed) ?? [];
  return [
    invariant === undefined
      ? `the simulation ended with ${code}: ${printed.slice(-500)}`
      : `${invariant}: ${message} (seed ${seed})`,
  ];
}
