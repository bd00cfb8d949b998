import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../../lib/contract/parse';
import type { ConnectorSettings } from '../../lib/contract/settings';

export interface Invocation {
  readonly action: 'poll' | 'test-connection';
  readonly connectors: readonly ConnectorSettings[];
}

const manual = z.strictObject({
  action: z.enum(['poll', 'test-connection']),
  connector: z.optional(z.string()),
});

/** EventBridge's own scheduled event, from a rule without an input. */
const scheduled = z.object({ source: z.literal('aws.events'), 'detail-type': z.literal('Scheduled Event') });

/**
 * Parses the rule's input, the plain scheduled event (poll all connectors), or a manual invocation.
 *
 * @throws InvalidInput naming every problem.
 */
export function parseInvocation(event: unknown, connectors: readonly ConnectorSettings[]): Invocation {
  if (z.safeParse(scheduled, event).success) return { action: 'poll', connectors };
  const { action, connector } = parseWith(manual, event, 'invocation');
  if (connector === undefined) return { action, connectors };
  const chosen = connectors.filter(({ id }) => id === connector);
  if (chosen.length > 0) return { action, connectors: chosen };
  throw new InvalidInput('invocation', [
    `connector: there is no "${connector.slice(0, 64)}"; this function has ${connectors.map(({ id }) => id).join(', ')}`,
  ]);
}
