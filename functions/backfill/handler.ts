import type { Context } from 'aws-lambda';
import { createDeadline } from '../../lib/connector/deadline';
import { toConnectorError } from '../../lib/connector/errors';
import { redrive, type RedriveReport } from '../../lib/connector/redrive';
import { parseEnvironment } from '../../lib/contract/settings';
import { parseInvocation } from './invocation';
import { wire } from './wire';

/** Milliseconds between our deadline and Lambda's: the answer has to get out. */
const SHUTDOWN_MS = 1_000;

let sandbox: { settings: ReturnType<typeof parseEnvironment>; deps: ReturnType<typeof wire> } | undefined;

/**
 * The manual door: `{"action":"redrive"}`, with an optional `connector`, `includeUnparsed` and `after`. An answer with
 * `done: false` ran out of time; the next invocation goes on behind its `after`.
 *
 * @throws InvalidInput for a wrong environment or invocation; an error whose message is `<connector>: <CODE> <what to do>`.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<{ readonly connectors: readonly RedriveReport[] }> {
  sandbox ??= open();
  const { settings, deps } = sandbox;
  const { connector, includeUnparsed, after } = parseInvocation(event, settings.connectors);
  const deadline = createDeadline(deps.clock, deps.clock.now() + context.getRemainingTimeInMillis() - SHUTDOWN_MS);
  try {
    return { connectors: [await redrive({ connector: connector.id, includeUnparsed, after }, deps, deadline)] };
  } catch (thrown) {
    const { code, message } = toConnectorError(thrown);
    deps.telemetry.error('redrive failed', { connector: connector.id, code, reason: message });
    throw new RedriveFailed(`${connector.id}: ${code} ${message}`, { cause: thrown });
  } finally {
    deps.telemetry.flush();
  }
}

/** Lambda passes on the name and the message of an error, and nothing else: the code has to be in it. */
class RedriveFailed extends Error {
  override readonly name = 'RedriveFailed';
}

function open() {
  const settings = parseEnvironment(process.env);
  return { settings, deps: wire(settings) };
}
