import type { Context } from 'aws-lambda';
import { createDeadline } from '../../lib/domain/deadline';
import { poll, type PollReport } from '../../lib/poll/poll';
import { testConnection, type TestConnectionReport } from '../../lib/poll/test-connection';
import { parseEnvironment } from '../../lib/contract/settings';
import { parseInvocation } from './invocation';
import { wire } from './clients';

/** Milliseconds between our deadline and Lambda's: the answer has to get out. */
const SHUTDOWN_MS = 1_000;

let sandbox: { settings: ReturnType<typeof parseEnvironment>; deps: ReturnType<typeof wire> } | undefined;

/**
 * The scheduled door. Takes the rule's input, EventBridge's plain scheduled event, or a manual invoke with
 * `{"action":"poll"}` or `{"action":"test-connection"}`, each with an optional `connector`.
 *
 * @throws InvalidInput for a wrong environment or invocation; PollFailed when a connector failed.
 */
export async function handler(
  event: unknown,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<PollReport | TestConnectionReport> {
  sandbox ??= open();
  const { settings, deps } = sandbox;
  const { action, connectors } = parseInvocation(event, settings.connectors);
  const deadline = createDeadline(deps.clock, deps.clock.now() + context.getRemainingTimeInMillis() - SHUTDOWN_MS);
  try {
    return await (action === 'poll' ? poll(connectors, deps, deadline) : testConnection(connectors, deps, deadline));
  } finally {
    deps.telemetry.flush();
  }
}

function open() {
  const settings = parseEnvironment(process.env);
  return { settings, deps: wire(settings) };
}
