import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { ConnectorError } from '../domain/errors';
import type { Deadline } from '../domain/deadline';

export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
}

/** Milliseconds one call may take with the SDK's own retries. A healthy table answers in under 20. */
const CALL_MS = 20_000;

export function callOptions(deadline: Deadline): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(Math.max(1, Math.min(CALL_MS, deadline.remaining()))) };
}

/** Makes a conditional write. `refused`: its condition did not hold. Every other failure is thrown. */
export async function conditionally<Answer>(write: () => Promise<Answer>): Promise<Answer | 'refused'> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return 'refused';
    throw error;
  }
}

/** The error of a call to the table as one line that says what to check. */
export function toConnectorError(error: unknown, { name }: Table): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return new ConnectorError('STATE_UNAVAILABLE', `the table "${name}" ${reason(error)}`, { cause: error });
}

function reason(error: unknown): string {
  if (error instanceof DynamoDBServiceException) {
    switch (error.name) {
      case 'ResourceNotFoundException':
        return 'does not exist in this account and region; deploy the stack again';
      case 'AccessDeniedException':
        return 'may not be used by this function: its role must allow it the items of every connector; deploy the stack again';
      default:
        return `answered ${error.name}; the next tick tries again`;
    }
  }
  return error instanceof Error
    ? `could not be used (${error.name}: ${error.message}); the next tick tries again`
    : 'could not be used';
}
