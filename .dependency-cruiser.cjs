const core = '^lib/(domain|ports|pipeline|poll|backfill|events|policy)/';
const adapters = '^lib/(tailscale|eventbridge|s3|dynamodb|secrets-manager|telemetry)/';

/** Folders that a folder may import, besides itself. The picture in docs/architecture.md shows the same. */
const MAY_IMPORT = {
  'lib/contract': [],
  'lib/domain': ['lib/contract'],
  'lib/ports': ['lib/contract', 'lib/domain'],
  'lib/policy': ['lib/contract', 'lib/domain'],
  'lib/events': ['lib/contract', 'lib/domain', 'lib/policy'],
  'lib/pipeline': ['lib/contract', 'lib/domain', 'lib/ports', 'lib/events'],
  'lib/poll': ['lib/contract', 'lib/domain', 'lib/ports', 'lib/events', 'lib/pipeline'],
  'lib/backfill': ['lib/contract', 'lib/domain', 'lib/ports', 'lib/events', 'lib/pipeline'],
  'lib/tailscale': ['lib/contract', 'lib/domain', 'lib/ports'],
  'lib/eventbridge': ['lib/contract', 'lib/domain', 'lib/ports'],
  'lib/s3': ['lib/contract', 'lib/domain', 'lib/ports'],
  'lib/dynamodb': ['lib/contract', 'lib/domain', 'lib/ports'],
  'lib/secrets-manager': ['lib/contract', 'lib/domain', 'lib/ports'],
  'lib/telemetry': ['lib/contract', 'lib/domain', 'lib/ports'],
  'lib/operator': ['lib/contract', 'lib/domain', 'lib/ports', 'lib/dynamodb'],
  functions: ['lib'],
  infra: ['lib/contract'],
  cli: ['lib/contract', 'lib/domain', 'lib/policy', 'lib/operator'],
  local: ['lib', 'cli'],
  docs: ['lib', 'cli', 'infra', 'local', 'test/harness', 'test/infra'],
  bench: ['lib', 'local', 'test'],
};

/**
 * Import rules; `npm run lint` checks them.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { pathNot: '^test/' }, to: { circular: true } },
    {
      name: 'no-cycles-in-tests',
      comment: 'Types may refer to each other.',
      severity: 'error',
      from: { path: '^test/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
      name: `${folder.replaceAll('/', '-')}-imports`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: {
        path: '^(lib|functions|infra|local|cli|docs|bench|test)/',
        pathNot: [folder, ...allowed].map((one) => `^${one}/`),
      },
    })),
    {
      name: 'the-core-does-no-io',
      comment: 'The core reaches the outside through its ports; functions/*/clients.ts hands the adapters in.',
      severity: 'error',
      from: { path: core },
      to: { path: ['@aws-sdk', '^(node:)?(fs|http|https)$'] },
    },
    {
      name: 'aws-sdk-in-adapters-and-clients',
      severity: 'error',
      from: {
        path: '^(lib|functions|infra|cli|local|docs)/',
        pathNot: [
          adapters,
          '^lib/operator/',
          '^functions/[^/]+/(clients|archive-client)\\.ts$',
          '^cli/(backfill/)?clients\\.ts$',
          '^local/gateway/',
        ],
      },
      to: { path: '@aws-sdk' },
    },
    {
      name: 'cdk-in-infra',
      severity: 'error',
      from: { pathNot: '^(infra|test/infra)/' },
      to: { path: ['node_modules/aws-cdk-lib', 'node_modules/constructs', 'node_modules/cdk-nag'] },
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    {
      name: 'product-uses-no-dev-packages',
      severity: 'error',
      from: { path: '^(lib|functions)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

// dependency-cruiser rejects keys that it does not know, except non-enumerable ones. Read by test/docs.
Object.defineProperty(module.exports, 'MAY_IMPORT', { value: MAY_IMPORT });
