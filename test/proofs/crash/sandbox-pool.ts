import type { Millis } from '../../../lib/domain/time';
import { closeIdleSandboxes, startSandbox, type Sandbox } from '../../harness/lambda';

/** Starts sandboxes with one bundle, each with its clock ahead of the machine's. */
export interface SandboxPool {
  take(environment: Readonly<Record<string, string>>, aheadMs: Millis): Promise<Sandbox>;
  close(): void;
}

/** @param bundle Default: what `npm run build` makes. */
export function createSandboxPool(bundle?: string): SandboxPool {
  return {
    async take(environment, aheadMs) {
      const sandbox = await startSandbox(environment, bundle === undefined ? {} : { bundle });
      await sandbox.setClock(aheadMs);
      return sandbox;
    },
    close: closeIdleSandboxes,
  };
}
