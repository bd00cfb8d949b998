import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Mutation } from './mutations';

export const ROOT = resolve(__dirname, '../../..');

/** What a proof runs: the deployed handler, or the connector's pipeline in memory. */
export const ENTRIES = {
  handler: 'functions/poll/handler.ts',
  simulation: 'test/proofs/simulation/main.ts',
  pages: 'test/proofs/mutations/pages-main.ts',
} as const;

/**
 * Bundles an entry with a mistake in it; null: without one.
 *
 * @throws Error when the mistake's place is not found exactly once, or is no part of the bundle.
 */
export async function bundle(
  entry: keyof typeof ENTRIES,
  mutation: Pick<Mutation, 'file' | 'find' | 'replace'> | null,
  folder: string,
): Promise<string> {
  const outfile = join(folder, `${entry}.js`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [ENTRIES[entry]],
    outfile,
    plugins: mutation === null ? [] : [mutate(mutation)],
    bundle: true,
    // They have a native part, which is found beside its own package only.
    external: ['dynalite', 'level'],
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  return outfile;
}

function mutate({ file, find, replace }: Pick<Mutation, 'file' | 'find' | 'replace'>): Plugin {
  const path = join(ROOT, file);
  return {
    name: 'mutation',
    setup(building) {
      let isIn = false;
      building.onLoad({ filter: /\.ts$/ }, async (module) => {
        if (module.path !== path) return undefined;
        const [before = '', ...behind] = (await readFile(path, 'utf8')).split(find);
        if (behind.length !== 1) return { errors: [{ text: `${file} has ${behind.length} times, not once: ${find}` }] };
        isIn = true;
        return { contents: before + replace + behind.join(''), loader: 'ts' };
      });
      building.onEnd(({ errors }) =>
        isIn || errors.length > 0 ? undefined : { errors: [{ text: `${file} is no part of the bundle` }] },
      );
    },
  };
}
