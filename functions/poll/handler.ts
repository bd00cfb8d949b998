import { poll, type PollReport } from '../../lib/poll/poll';
import { testConnection, type TestConnectionReport } from '../../lib/poll/test-connection';
import { createHandler } from '../common/handler';
import { createClients } from './clients';
import { parseInvocation } from './invocation';

/**
 * The entry point of the schedule. Takes the rule's input, EventBridge's plain scheduled event, or a manual invocation
 * `{"action":"poll"}` or `{"action":"test-connection"}`, each with an optional `connector`.
 *
 * @throws InvalidInput for a wrong environment or invocation; PollFailed when a connector failed.
 */
export const handler = createHandler(
  createClients,
  async (event, settings, deps, deadline): Promise<PollReport | TestConnectionReport> => {
    const { action, connectors } = parseInvocation(event, settings.connectors);
    return action === 'poll' ? poll(connectors, deps, deadline) : testConnection(connectors, deps, deadline);
  },
);
