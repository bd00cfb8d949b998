// The former names of test/harness/environment.ts, for tests that still use them.
export { API_KEY, CANARY, OAUTH_CLIENT, openEnvironment as openWorld, record } from './environment';
export type { TestEnvironment as World, TestEnvironmentOptions as WorldOptions } from './environment';
