import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const functions = join(__dirname, '../../dist/functions');

interface Output {
  readonly entryPoint?: string;
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

/** Bytes in the bundle by npm scope or package. */
function packagesOf(entryPoint: string): Map<string, number> {
  const { outputs } = JSON.parse(readFileSync(join(functions, 'meta.json'), 'utf8')) as {
    readonly outputs: Readonly<Record<string, Output>>;
  };
  const output = Object.values(outputs).find((one) => one.entryPoint === entryPoint);
  const sizes = new Map<string, number>();
  for (const [file, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
    const name = /node_modules\/(@[^/]+|[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1];
    if (name !== undefined && bytesInOutput > 0) sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  return sizes;
}

it('deploys no package that is not listed here', () => {
  expect([...packagesOf('functions/poll/handler.ts').keys()].sort()).toEqual([
    '@aws',
    '@aws-lambda-powertools',
    '@aws-sdk',
    '@smithy',
    'diff',
    'is-network-error',
    'lossless-json',
    'mnemonist',
    'oauth4webapi',
    'obliterator',
    'p-map',
    'p-retry',
    'zod',
  ]);
});

it('deploys little enough to start fast', () => {
  // Bytes. zod reached through its `core` or `locales` namespace alone would be 400 KB.
  expect(packagesOf('functions/poll/handler.ts').get('zod')).toBeLessThan(60_000);
  expect(statSync(join(functions, 'poll/index.js')).size).toBeLessThan(800_000);
});
