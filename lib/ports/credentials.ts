import type { VersionedCredential } from '../domain/credential';
import type { Deadline } from '../domain/deadline';

export interface CredentialStore {
  /**
   * The credential, from the cache if it is there.
   *
   * @throws ConnectorError SECRET_EMPTY, SECRET_INVALID, SECRET_UNAVAILABLE, CREDENTIAL_KIND, OUT_OF_TIME.
   */
  get(secretId: string, deadline: Deadline): Promise<VersionedCredential>;
  /** Past the cache. */
  refetch(secretId: string, deadline: Deadline): Promise<VersionedCredential>;
}
