import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { GetSecretValueCommandOutput, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { VersionedCredential } from '../domain/credential';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError, errorName } from '../domain/errors';
import { HOUR, type Millis } from '../domain/time';
import type { CredentialStore } from '../ports/credentials';
import { parseCredential, secretEmpty } from './credential';

/** Milliseconds. A new value is used within this time while the old key still works; a 401 reads the secret at once. */
const MAX_AGE_MS = HOUR;

/** Milliseconds for one GetSecretValue with the SDK's own retries. */
const CALL_MS = 15_000;

export interface CredentialStoreDeps {
  readonly client: SecretsManagerClient;
  readonly clock: Clock;
  /** Milliseconds one read may take; it also ends where the run's reserve begins. */
  readonly callMs?: Millis;
}

/** Tailscale credentials in Secrets Manager. Values are kept in memory only. A failed read is not kept. */
export function createCredentialStore({ client, clock, callMs = CALL_MS }: CredentialStoreDeps): CredentialStore {
  const kept = new Map<string, { readonly value: VersionedCredential; readonly readAt: Millis }>();

  const read = async (secretId: string, deadline: Deadline): Promise<GetSecretValueCommandOutput> => {
    const runMs = deadline.untilNear();
    if (runMs <= 0) throw outOfTime();
    // Not `abortAfter`: no read of a secret may last into the run's reserve.
    const abortSignal = AbortSignal.timeout(Math.ceil(Math.min(callMs, runMs)));
    try {
      return await client.send(new GetSecretValueCommand({ SecretId: secretId }), { abortSignal });
    } catch (error) {
      if (abortSignal.aborted && runMs < callMs) throw outOfTime();
      // The SDK's error is not kept as a cause: it may carry the answer.
      const name = errorName(error);
      if (name === 'ResourceNotFoundException') throw secretEmpty(secretId);
      throw new ConnectorError(
        'SECRET_UNAVAILABLE',
        `the secret ${secretId} could not be read (${name}): ${remedy(name, secretId)}`,
      );
    }
  };

  const refetch = async (secretId: string, deadline: Deadline): Promise<VersionedCredential> => {
    kept.delete(secretId);
    const answer = await read(secretId, deadline);
    const value = { credential: parseCredential(textOf(answer, secretId), secretId), version: answer.VersionId ?? '' };
    kept.set(secretId, { value, readAt: clock.now() });
    return value;
  };

  return {
    get: async (secretId, deadline) => {
      const found = kept.get(secretId);
      return found !== undefined && clock.now() - found.readAt < MAX_AGE_MS ? found.value : refetch(secretId, deadline);
    },
    refetch,
  };
}

function outOfTime(): ConnectorError {
  return new ConnectorError(
    'OUT_OF_TIME',
    "the run's time ended before Secrets Manager had answered; the next run continues from the same checkpoint",
  );
}

/** Error names: the Secrets Manager API reference for GetSecretValue, and the common errors, read 2026-11. */
function remedy(name: string, secretId: string): string {
  switch (name) {
    case 'AccessDeniedException':
      return `grant the function's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key if the key is your own`;
    case 'DecryptionFailure':
      return `grant the function's role kms:Decrypt on the secret's key, and check that the key is enabled`;
    case 'InvalidRequestException':
      return `it may be marked for deletion: aws secretsmanager restore-secret --secret-id ${secretId}`;
    case 'InvalidParameterException':
    case 'ValidationException':
      return 'check the secret name or ARN in the settings';
    case 'ThrottlingException':
    case 'InternalServiceError':
    case 'InternalServiceErrorException':
      return 'Secrets Manager is busy; the next run tries again';
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'CredentialsProviderError':
      return 'AWS did not accept the credentials of the function itself';
    default:
      return 'check that Secrets Manager can be reached from the function (a VPC needs an endpoint or a NAT gateway); the next run tries again';
  }
}

function textOf(answer: GetSecretValueCommandOutput, secretId: string): string {
  if (answer.SecretString !== undefined) return answer.SecretString;
  if (answer.SecretBinary === undefined) throw secretEmpty(secretId);
  // Bytes that are not UTF-8 become replacement characters, which the parser refuses.
  return new TextDecoder().decode(answer.SecretBinary);
}
