import type { Context } from 'aws-lambda';
import { ConnectorError } from '../../lib/connector/errors';
import { parseEnvironment } from '../../lib/contract/settings';
import { parseInvocation } from './invocation';

/**
 * The manual door: `{"action":"redrive"}`, with an optional `connector`.
 *
 * @throws InvalidInput for a wrong environment or invocation.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<never> {
  const { action } = parseInvocation(event, parseEnvironment(process.env).connectors);
  return Promise.reject(new ConnectorError('UNEXPECTED', `${action} cannot be done yet (${context.getRemainingTimeInMillis()} ms were left)`));
}
