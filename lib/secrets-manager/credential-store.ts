import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { GetSecretValueCommandOutput, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConnectorError } from '../domain/errors';
import type { VersionedCredential } from '../domain/credential';
import type { Millis } from '../domain/time';
import type { Clock, Deadline } from '../domain/deadline';
import type { CredentialStore } from '../ports/credentials';
import { parseCredential, secretEmpty } from './credential';

/** Milliseconds. A value put while the old key still works is taken up within this time; a revoked key is noticed at once, by its 401. */
const MAX_AGE_MS = 60 * 60_000;

/** Milliseconds for one GetSecretValue with the client's own retries: the client has no limit of its own. */
const TIMEOUT_MS = 15_000;

export interface CredentialStoreDeps {
  readonly client: SecretsManagerClient;
  readonly clock: Clock;
  /** Milliseconds a value is used before it is read again. */
  readonly maxAgeMs?: Millis;
  /** Milliseconds one read may take; never longer than until the run's reserve. */
  readonly timeoutMs?: Millis;
}

/**
 * Tailscale credentials in Secrets Manager. Values are kept in memory only, for as long as the process lives or they
 * get too old; a failed read is never kept, so that a corrected secret works at the next call.
 */
export function createCredentialStore({
  client,
  clock,
  maxAgeMs = MAX_AGE_MS,
  timeoutMs = TIMEOUT_MS,
}: CredentialStoreDeps): CredentialStore {
  const kept = new Map<string, { readonly value: VersionedCredential; readonly readAt: Millis }>();

  const refetch = async (secretId: string, deadline: Deadline): Promise<VersionedCredential> => {
    kept.delete(secretId);
    const answer = await readSecret(client, secretId, Math.min(timeoutMs, deadline.untilNear()), timeoutMs);
    const value = { credential: parseCredential(textOf(answer, secretId), secretId), version: answer.VersionId ?? '' };
    kept.set(secretId, { value, readAt: clock.now() });
    return value;
  };

  return {
    get: async (secretId, deadline) => {
      const found = kept.get(secretId);
      return found !== undefined && clock.now() - found.readAt < maxAgeMs ? found.value : refetch(secretId, deadline);
    },
    refetch,
  };
}

/** @param allowedMs Less than `timeoutMs` where the run's own time ends first; 0: it has ended. */
async function readSecret(
  client: SecretsManagerClient,
  secretId: string,
  allowedMs: Millis,
  timeoutMs: Millis,
): Promise<GetSecretValueCommandOutput> {
  if (allowedMs <= 0) throw outOfTime();
  const signal = AbortSignal.timeout(Math.ceil(allowedMs));
  try {
    return await client.send(new GetSecretValueCommand({ SecretId: secretId }), { abortSignal: signal });
  } catch (error) {
    if (signal.aborted && allowedMs < timeoutMs) throw outOfTime();
    // The SDK's error is not kept as a cause: one about an unreadable answer carries that answer.
    throw explain(error instanceof Error ? error.name : 'unknown error', secretId);
  }
}

function outOfTime(): ConnectorError {
  return new ConnectorError(
    'OUT_OF_TIME',
    'the time of this run was over before Secrets Manager had answered; the next run goes on from the same checkpoint',
  );
}

function explain(name: string, secretId: string): ConnectorError {
  if (name === 'ResourceNotFoundException') return secretEmpty(secretId);
  return new ConnectorError(
    'SECRET_UNAVAILABLE',
    `the secret ${secretId} could not be read (${name}): ${remedy(name, secretId)}`,
  );
}

/** Error names: the Secrets Manager API reference's list for GetSecretValue, and the common ones, read 2026-11. */
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
  // Bytes that are no UTF-8 become replacement characters, which the parser then refuses.
  return new TextDecoder().decode(answer.SecretBinary);
}
