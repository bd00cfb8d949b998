import * as oauth from 'oauth4webapi';
import { ConnectorError } from '../../domain/errors';
import type { Credential, VersionedCredential } from '../../domain/credential';
import type { Millis } from '../../domain/time';
import type { Clock, Deadline } from '../../domain/deadline';
import type { CredentialStore } from '../../ports/credentials';
import type { Telemetry } from '../../ports/telemetry';
import { invalid, readText } from '../http/body';
import type { Body } from '../http/body';
import type { Send } from '../http/send';
import { requestIdOf } from '../http/words';

/** Leave to ask the API. */
export interface Authorization {
  readonly kind: Credential['kind'];
  /** Of the secret it comes from. */
  readonly version: string;
  /** null for an API key. */
  readonly oauthClientId: string | null;
  /** Its token was made for this very request. */
  readonly fresh: boolean;
  /** The token as such; a function, so that printing an authorization does not print it. */
  readonly token: () => string;
}

export interface Authorizer {
  /** @throws ConnectorError SECRET_*, CREDENTIAL_KIND, OAUTH_REFUSED, and whatever Send throws. */
  authorize(secretId: string, deadline: Deadline): Promise<Authorization>;
  /**
   * After a 401: another leave to try, from the secret as it is now; null when there is none that has not been tried.
   *
   * @throws as `authorize`
   */
  renew(secretId: string, refused: Authorization, deadline: Deadline): Promise<Authorization | null>;
}

interface AccessToken {
  readonly version: string;
  readonly clientId: string;
  readonly token: () => string;
  /** From here on a new one is made. */
  readonly renewAt: Millis;
}

export interface AuthorizerDeps {
  readonly apiUrl: URL;
  readonly credentials: CredentialStore;
  readonly clock: Clock;
  readonly send: Send;
  readonly logger?: Pick<Telemetry, 'info' | 'warn'>;
}

type OAuthClient = Extract<Credential, { kind: 'oauth-client' }>;

/**
 * Tokens from credentials. An API key is one already. An OAuth client's token is kept in memory, across invocations:
 * each one made is an entry in the very log that is read.
 */
export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const { credentials, clock, logger } = deps;
  const kept = new Map<string, AccessToken>();

  const authorizeWith = async (
    secretId: string,
    { credential, version }: VersionedCredential,
    deadline: Deadline,
  ): Promise<Authorization> => {
    if (credential.kind === 'api-key')
      return { kind: 'api-key', version, oauthClientId: null, fresh: false, token: () => credential.apiKey.reveal() };
    const found = kept.get(secretId);
    const usable = found?.version === version && clock.now() < found.renewAt ? found : undefined;
    const token = usable ?? (await requestToken(deps, credential, version, deadline));
    if (usable === undefined) {
      kept.set(secretId, token);
      logger?.info('A new OAuth token was made', { secretId, oauthClientId: token.clientId });
    }
    return {
      kind: 'oauth-client',
      version,
      oauthClientId: token.clientId,
      fresh: usable === undefined,
      token: token.token,
    };
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
      if (latest.version === refused.version && (refused.kind === 'api-key' || refused.fresh)) return null;
      logger?.info('Tailscale answered 401: trying once more with the secret as it is now', {
        secretId,
        rotated: latest.version !== refused.version,
      });
      kept.delete(secretId);
      return authorizeWith(secretId, latest, deadline);
    },
  };
}

/** The token endpoint does not take the client. */
class OAuthRefused extends ConnectorError {
  constructor(response: Response, oauthError: string | undefined) {
    const codes = [response.status, ...KNOWN_OAUTH_ERRORS.filter((known) => known === oauthError)].join(' ');
    super(
      'OAUTH_REFUSED',
      `Tailscale refused the OAuth client (${codes}): the client secret may have been revoked: make a new OAuth client and update the secret${requestIdOf(response)}`,
    );
  }
}

/** RFC 6749, section 5.2. Others are not shown: a server may put anything there. */
const KNOWN_OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'access_denied',
];

/** By these the token endpoint speaks of the client. */
const REFUSING = [400, 401, 403];

/** Bytes. A token's answer has a few hundred. */
const MAX_TOKEN_BODY_BYTES = 64 * 1024;

/** Seconds a token lives when the answer does not say: Tailscale's documented hour. */
const DEFAULT_LIFE_SECONDS = 3_600;

/**
 * The client-credentials grant, without a `scope`: the token then has all of the client's scopes, whatever they are
 * called by now, and an unknown one would be refused.
 */
async function requestToken(
  { apiUrl, clock, send }: AuthorizerDeps,
  { clientId, clientSecret }: OAuthClient,
  version: string,
  deadline: Deadline,
): Promise<AccessToken> {
  const url = new URL('/api/v2/oauth/token', apiUrl);
  // The library takes https only. The request itself goes to `url`, which is https unless it is this machine.
  const server: oauth.AuthorizationServer = {
    issuer: apiUrl.origin,
    token_endpoint: `https://${url.host}${url.pathname}`,
  };
  const client: oauth.Client = { client_id: clientId };
  const sentAt = clock.now();
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.ClientSecretPost(clientSecret.reveal()),
    {},
    {
      [oauth.customFetch]: async (_, { headers, body }) => {
        const read = async (answer: Body): Promise<string> => {
          try {
            return await readText(answer, url, MAX_TOKEN_BODY_BYTES);
          } finally {
            await answer.close();
          }
        };
        const {
          status,
          content,
          text,
          headers: answered,
        } = await send({ url, method: 'POST', headers, body, read }, deadline);
        if (status !== 200 && !REFUSING.includes(status)) throw invalid(url, `has status ${status}: check the API URL`);
        return new Response(content ?? text, { status, headers: answered });
      },
    },
  );
  const answer = await readToken(server, client, response, url);
  const lifeMs = (answer.expires_in ?? DEFAULT_LIFE_SECONDS) * 1000;
  return { version, clientId, token: () => answer.access_token, renewAt: sentAt + lifeMs - marginOf(lifeMs) };
}

async function readToken(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
  url: URL,
): Promise<oauth.TokenEndpointResponse> {
  try {
    const answer = await oauth.processClientCredentialsResponse(server, client, response);
    if (/^[\x21-\x7e]+$/.test(answer.access_token)) return answer;
  } catch (error) {
    // The library's errors carry the answer's body, so they are not kept as a cause.
    if (response.status !== 200)
      throw new OAuthRefused(response, error instanceof oauth.ResponseBodyError ? error.error : undefined);
  }
  throw invalid(url, 'is no OAuth token that a request can carry');
}

/** Milliseconds before its end at which a token is renewed: 5 minutes or a tenth of its life, but never more than half of it. */
function marginOf(lifeMs: Millis): Millis {
  return Math.min(lifeMs / 2, Math.max(5 * 60_000, lifeMs / 10));
}
