/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.[mc]?[jt]s$': '<rootDir>/test/esbuild-transform.cjs' },
  // These packages are ES modules only, which jest cannot load on Node 20 without the transform.
  transformIgnorePatterns: [
    '/node_modules/(?!(oauth4webapi|p-retry|p-map|is-network-error|zod/v4)/)',
    '/dist/',
    '/cdk\\.out/',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/cdk.out/'],
  setupFiles: ['<rootDir>/test/setup.cjs'],
  testTimeout: 30_000,
  // Most of them wait for a child process: one worker less than there are cores would leave half of a small machine idle.
  maxWorkers: '100%',
};
