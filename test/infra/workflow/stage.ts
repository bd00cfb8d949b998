import { join } from 'node:path';
import type { SliceInvocation } from '../../../lib/contract/backfill';
import { DEFAULT_STACK_NAME, STACK_OUTPUT } from '../../../lib/contract/names';
import { startControlPlane, type ControlPlane } from '../../cli/control-plane';
import type { FailedSlice, LocalStateMachine } from '../../cli/step-functions';
import { InvocationError, type Sandbox } from '../../harness/lambda';
import { openEnvironment, type TestEnvironment, type TestEnvironmentOptions } from '../../harness/environment';
import { deployedMachine, execute, FunctionError } from './machine';

/** The deployed file, as `npm run build` makes it. */
const BUNDLE = join(__dirname, '../../../dist/functions/backfill/index.js');

const MACHINE = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Backfill';

/** The deployed state machine and functions; AWS and Tailscale are simulated. */
export interface InMemoryPipeline {
  readonly world: TestEnvironment;
  readonly plane: ControlPlane;
  /** Endpoints for the command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Invocations of slices, in order. */
  readonly sliceInvocations: readonly SliceInvocation[];
  close(): Promise<void>;
}

/** Starts it with a connector that has polled once, and as many sandboxes as run at once. */
export async function openStage(
  options: TestEnvironmentOptions & { readonly remainingMs?: number } = {},
): Promise<InMemoryPipeline> {
  const world = await openEnvironment(options);
  const live = await world.sandbox();
  await live.poll();
  const idle: Sandbox[] = [];
  const sliceInvocations: SliceInvocation[] = [];

  const invoke = async (payload: unknown): Promise<unknown> => {
    const sandbox = idle.pop() ?? (await world.sandbox({}, { bundle: BUNDLE }));
    try {
      const answer = await sandbox.invoke(payload, options.remainingMs);
      idle.push(sandbox);
      return answer;
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error;
      if (error.errorType !== 'Runtime.ExitError') idle.push(sandbox);
      throw new FunctionError(
        error.errorType,
        JSON.stringify({ errorType: error.errorType, errorMessage: error.message, trace: [] }),
      );
    }
  };

  const machine = deployedMachine();
  const run: LocalStateMachine = (input, execution) => {
    const lastFailures = new Map<number, FailedSlice>();
    const ended = execute(machine, input as object, async (payload) => {
      const invocation = payload as SliceInvocation | { readonly action: 'plan' | 'report' };
      if (invocation.action === 'slice') sliceInvocations.push(invocation);
      try {
        const answer = await invoke(payload);
        if (invocation.action === 'plan') execution.plan = answer;
        return answer;
      } catch (error) {
        if (invocation.action === 'slice' && error instanceof FunctionError)
          lastFailures.set(invocation.slice, { input: invocation, error: error.name, cause: error.message });
        throw error;
      }
    });
    void ended.then(({ output, error, cause }) => {
      if (error === undefined) Object.assign(execution, { status: 'SUCCEEDED', output });
      else Object.assign(execution, { status: 'FAILED', error, cause, failedSlices: [...lastFailures.values()] });
    });
  };
  const stack = {
    [STACK_OUTPUT.backfillStateMachine]: MACHINE,
    [STACK_OUTPUT.pollFunction]: 'poll',
    [STACK_OUTPUT.table]: 'tailscale-audit',
    [STACK_OUTPUT.connectors]: 'default',
  };
  const plane = await startControlPlane({
    stacks: { [DEFAULT_STACK_NAME]: stack },
    functions: { poll: (event) => live.invoke(event) },
    stateMachines: { [MACHINE]: run },
  });
  return {
    world,
    plane,
    environment: { AWS_ENDPOINT_URL: world.gateway.url, ...plane.environment },
    sliceInvocations,
    close: async () => {
      await Promise.all([world.close(), plane.close()]);
    },
  };
}
