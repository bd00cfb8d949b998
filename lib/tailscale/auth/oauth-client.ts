import * as oauth from 'oauth4webapi';
import type { Credential } from '../../domain/credential';
import type { Clock, Deadline } from '../../domain/deadline';
import { ConnectorError } from '../../domain/errors';
import { MINUTE, type Millis } from '../../domain/time';
import { invalid, readText } from '../http/body';
import { requestIdOf } from '../http/refusal';
import type { Send } from '../http/send';

/** The token endpoint refuses the client. */
export class OAuthRefused extends ConnectorError {
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

/** Statuses of the token endpoint that are about the client. */
const REFUSING = [400, 401, 403];

/** Bytes. A token answer has a few hundred. */
const MAX_BODY_BYTES = 64 * 1024;

/** Seconds a token is valid if the answer does not say: Tailscale's documented hour. */
const DEFAULT_LIFE_SECONDS = 3_600;

export interface TokenRequestDeps {
  readonly apiUrl: URL;
  readonly clock: Clock;
  readonly send: Send;
}

type OAuthClient = Extract<Credential, { kind: 'oauth-client' }>;

interface AccessToken {
  readonly token: () => string;
  /** The instant from which on a new one is made. */
  readonly renewAt: Millis;
}

/**
 * Requests tokens by the client-credentials grant, without a `scope`: a token then has all of the client's scopes, whatever
 * they are called, and an unknown scope would be refused.
 *
 * @throws (from the function) OAuthRefused; ConnectorError UPSTREAM_INVALID, and whatever Send throws.
 */
export function createTokenRequest({ apiUrl, clock, send }: TokenRequestDeps) {
  const url = new URL('/api/v2/oauth/token', apiUrl);
  // The library accepts https only. The request itself goes to `url`, which is https unless it is this machine.
  const server: oauth.AuthorizationServer = {
    issuer: apiUrl.origin,
    token_endpoint: `https://${url.host}${url.pathname}`,
  };

  return async ({ clientId, clientSecret }: OAuthClient, deadline: Deadline): Promise<AccessToken> => {
    const client: oauth.Client = { client_id: clientId };
    const post = async (headers: Readonly<Record<string, string>>, body: URLSearchParams): Promise<Response> => {
      const reply = await send(
        {
          url,
          method: 'POST',
          headers,
          body,
          read: (answer) => readText(answer, url, MAX_BODY_BYTES).finally(() => answer.close()),
        },
        deadline,
      );
      const { status, content, text } = reply;
      if (status !== 200 && !REFUSING.includes(status)) throw invalid(url, `has status ${status}: check the API URL`);
      return new Response(content ?? text, { status, headers: reply.headers });
    };
    const sentAt = clock.now();
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.ClientSecretPost(clientSecret.reveal()),
      {},
      { [oauth.customFetch]: (_, { headers, body }) => post(headers, body) },
    );
    const answer = await oauth.processClientCredentialsResponse(server, client, response).catch((error: unknown) => {
      // The library's errors carry the answer's body, so they are not kept as a cause.
      if (response.status === 200) return null;
      throw new OAuthRefused(response, error instanceof oauth.ResponseBodyError ? error.error : undefined);
    });
    if (answer === null || !/^[\x21-\x7e]+$/.test(answer.access_token))
      throw invalid(url, 'is not an OAuth token that a request can carry');
    const lifeMs = (answer.expires_in ?? DEFAULT_LIFE_SECONDS) * 1000;
    return { token: () => answer.access_token, renewAt: sentAt + lifeMs - marginOf(lifeMs) };
  };
}

/** Milliseconds before its end at which a token is renewed: 5 minutes or a tenth of its life, at most half of it. */
function marginOf(lifeMs: Millis): Millis {
  return Math.min(lifeMs / 2, Math.max(5 * MINUTE, lifeMs / 10));
}
