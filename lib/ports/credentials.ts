import type { VersionedCredential } from '../domain/credential';
import type { Deadline } from '../domain/deadline';

export interface CredentialStore {
  /**
   * The credential, from the cache if it has one.
   *
   * @throws ConnectorError SECRET_EMPTY, SECRET_INVALID, SECRET_UNAVAILABLE, CREDENTIAL_KIND, OUT_OF_TIME.
   */
  get(secretId: string, deadline: Deadline): Promise<VersionedCredential>;
  /** Reads the secret again, whatever the cache has. */
  refetch(secretId: string, deadline: Deadline): Promise<VersionedCredential>;
}
