import type { Context } from 'aws-lambda';
import { parseEnvironment, type PollSettings } from '../../lib/contract/settings';
import { createDeadline, type Clock, type Deadline } from '../../lib/domain/deadline';

/** Milliseconds between the run's deadline and Lambda's: time to return the answer. */
const SHUTDOWN_MS = 1_000;

export type InvocationContext = Pick<Context, 'getRemainingTimeInMillis'>;

interface Deps {
  readonly clock: Clock;
  readonly telemetry: { flush(): void };
}

/**
 * Makes a Lambda handler. The first invocation of a sandbox parses the environment and makes the clients; later ones use
 * them again. Metrics are written after each invocation.
 *
 * @throws (from the handler) InvalidInput for a wrong environment, and whatever `run` throws.
 */
export function createHandler<D extends Deps, Answer>(
  createClients: (settings: PollSettings) => D,
  run: (event: unknown, settings: PollSettings, deps: D, deadline: Deadline) => Promise<Answer>,
) {
  let sandbox: { readonly settings: PollSettings; readonly deps: D } | undefined;

  return async (event: unknown, context: InvocationContext): Promise<Answer> => {
    if (sandbox === undefined) {
      const settings = parseEnvironment(process.env);
      sandbox = { settings, deps: createClients(settings) };
    }
    const { settings, deps } = sandbox;
    const deadline = createDeadline(deps.clock, deps.clock.now() + context.getRemainingTimeInMillis() - SHUTDOWN_MS);
    try {
      return await run(event, settings, deps, deadline);
    } finally {
      deps.telemetry.flush();
    }
  };
}
