import type { CredentialKind, VersionedCredential } from '../../domain/credential';
import type { Deadline } from '../../domain/deadline';
import type { Millis } from '../../domain/time';
import type { CredentialStore } from '../../ports/credentials';
import type { Telemetry } from '../../ports/telemetry';
import { createTokenRequest, OAuthRefused, type TokenRequestDeps } from './oauth-client';

/** A token that a request can carry. */
export interface Authorization {
  readonly kind: CredentialKind;
  /** Of the secret. */
  readonly version: string;
  /** null for an API key. */
  readonly oauthClientId: string | null;
  /** The token was made for this request. */
  readonly isNew: boolean;
  /** A function, so that printing an authorization does not print the token. */
  readonly token: () => string;
}

export interface Authorizer {
  /** @throws ConnectorError SECRET_*, CREDENTIAL_KIND, OAUTH_REFUSED, and whatever Send throws */
  authorize(secretId: string, deadline: Deadline): Promise<Authorization>;
  /**
   * After a 401: reads the secret again and returns another token to try; null if the refused one was new and the secret
   * has not changed.
   *
   * @throws as `authorize`
   */
  renew(secretId: string, refused: Authorization, deadline: Deadline): Promise<Authorization | null>;
}

export interface AuthorizerDeps extends TokenRequestDeps {
  readonly credentials: CredentialStore;
  readonly logger?: Pick<Telemetry, 'info'>;
}

/**
 * Tokens from credentials. An API key is a token. An OAuth client's token is kept in memory across invocations, since
 * making one is an event in the log that is read.
 */
export function createAuthorizer({ credentials, logger, ...deps }: AuthorizerDeps): Authorizer {
  const { clock } = deps;
  const requestToken = createTokenRequest(deps);
  const kept = new Map<string, Authorization & { readonly renewAt: Millis }>();

  const authorizeWith = async (
    secretId: string,
    { credential, version }: VersionedCredential,
    deadline: Deadline,
  ): Promise<Authorization> => {
    const { kind } = credential;
    if (kind === 'api-key')
      return { kind, version, oauthClientId: null, isNew: true, token: () => credential.apiKey.reveal() };
    const found = kept.get(secretId);
    if (found?.version === version && clock.now() < found.renewAt) return { ...found, isNew: false };
    const { clientId } = credential;
    const token = await requestToken(credential, deadline);
    const made = { kind, version, oauthClientId: clientId, isNew: true, ...token };
    kept.set(secretId, made);
    logger?.info('OAuth token created', { secretId, oauthClientId: clientId });
    return made;
  };

  return {
    authorize: async (secretId, deadline) => {
      const first = await credentials.get(secretId, deadline);
      try {
        return await authorizeWith(secretId, first, deadline);
      } catch (error) {
        if (!(error instanceof OAuthRefused)) throw error;
        const latest = await credentials.refetch(secretId, deadline);
        if (latest.version === first.version) throw error;
        return authorizeWith(secretId, latest, deadline);
      }
    },
    renew: async (secretId, refused, deadline) => {
      const latest = await credentials.refetch(secretId, deadline);
      const rotated = latest.version !== refused.version;
      if (refused.isNew && !rotated) return null;
      logger?.info('Tailscale answered 401; retrying with the current secret', { secretId, rotated });
      kept.delete(secretId);
      return authorizeWith(secretId, latest, deadline);
    },
  };
}
