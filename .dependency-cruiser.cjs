/**
 * Who may import whom. `npm run lint` and the architecture test both read this file; docs/architecture.md says the same in prose.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure-rooms-stay-pure',
      comment: 'events and policy turn values into values: no adapter, no AWS SDK, no network, no file system.',
      severity: 'error',
      from: { path: '^lib/(events|policy)/' },
      to: {
        path: [
          '^(functions|infra|local|cli)/',
          '^lib/(tailscale|bus|archive|state|secrets|telemetry)/',
          '@aws-sdk',
          '^(node:)?(fs|http|https)$',
        ],
      },
    },
    {
      name: 'the-story-asks-ports',
      comment:
        'lib/connector reaches the outside only through its ports; adapters are handed in by functions/*/wire.ts.',
      severity: 'error',
      from: { path: '^lib/connector/' },
      to: {
        path: ['^lib/(tailscale|bus|archive|state|secrets|telemetry)/', '@aws-sdk', '^(functions|infra|local|cli)/'],
      },
    },
    {
      name: 'adapters-do-not-know-each-other',
      comment: 'An adapter knows its ports and the contract, nothing else of ours.',
      severity: 'error',
      from: { path: '^lib/(tailscale|bus|archive|state|secrets|telemetry)/' },
      to: {
        path: '^(lib|functions|infra|local|cli)/',
        pathNot: ['^lib/$1/', '^lib/contract/', '^lib/connector/((backfill-)?ports|errors|call-time)\\.ts$'],
      },
    },
    {
      name: 'contract-stands-alone',
      severity: 'error',
      from: { path: '^lib/contract/' },
      to: { path: '^(lib|functions|infra|local|cli)/', pathNot: '^lib/contract/' },
    },
    {
      name: 'infra-knows-only-the-contract',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^(lib|functions|local|cli)/', pathNot: '^lib/contract/' },
    },
    {
      name: 'nothing-imports-functions',
      comment: 'Functions are doors: deployed, bundled, never called by other code.',
      severity: 'error',
      from: { pathNot: '^(functions|test)/' },
      to: { path: '^functions/' },
    },
    {
      name: 'aws-sdk-in-adapters-and-wires',
      severity: 'error',
      from: {
        pathNot: [
          '^lib/(archive|bus|state|secrets)/',
          '^functions/[^/]+/wire\\.ts$',
          '^functions/[^/]+/archive-wire\\.ts$',
          '^cli/(backfill/)?wire\\.ts$',
          '^local/gateway/',
          '^test/',
          '^bench/',
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
      name: 'product-does-not-lean-on-its-stage',
      comment: 'What is deployed must not import the local run.',
      severity: 'error',
      from: { path: '^(lib|functions|infra)/' },
      to: { path: '^(local|cli|test|bench)/' },
    },
    {
      name: 'cli-is-a-door',
      comment:
        'The command reaches what is deployed over the wire: it holds no function, no construct and no simulator.',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^(functions|infra|local|test|bench)/' },
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
