import type { BackfillPlan, BackfillReport } from '../../lib/contract/backfill';
import { createEnvironments, DAY, HOUR } from './cases/environments';
import { BACKFILL_BUNDLE, type Sandbox } from '../harness/lambda';
import type { TestEnvironment, TestEnvironmentOptions } from '../harness/environment';

const environments = createEnvironments();
/** What the test has opened last. */
export let setup: TestEnvironment;
export const open = async (options?: TestEnvironmentOptions) => (setup = await environments.open(options));

/** A connector that has polled once, so that a backfill knows whose log it reads. */
export async function installed(options?: TestEnvironmentOptions): Promise<Sandbox> {
  await open(options);
  const live = await setup.sandbox();
  await live.poll();
  return live;
}

export const backfill = (environment: Readonly<Record<string, string>> = {}) =>
  setup.sandbox(environment, { bundle: BACKFILL_BUNDLE });
export const iso = (instant: number) => new Date(instant).toISOString();
export const ago = (ms: number) => iso(Date.now() - ms);
export const run = async (sandbox: Sandbox, asked: object, remainingMs?: number) =>
  (await sandbox.invoke(asked, remainingMs)) as BackfillReport;
export const plan = async (sandbox: Sandbox, asked: object) =>
  (await sandbox.invoke({ action: 'plan', ...asked })) as BackfillPlan;

/** A fixed range: a report can be asked for again. */
export const range = () => ({ from: ago(20 * DAY), until: ago(2 * HOUR) });
