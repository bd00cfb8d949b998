import type { Credentials, MintedToken } from './credentials';
import { json, message, type Answer, type ReceivedRequest } from './exchange';

/**
 * `POST /api/v2/oauth/token`: the client-credentials grant. The client stands in the form or in HTTP basic. A wrong one
 * gets the same 401 as a wrong API key.
 *
 * @param onMint Is told of every token.
 */
export function answerTokenRequest(
  request: ReceivedRequest,
  credentials: Credentials,
  lifetimeSeconds: number,
  onMint: (clientId: string, token: MintedToken) => void,
): Answer {
  if (request.method !== 'POST') return message(405);
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return message(400, 'content-type must be application/x-www-form-urlencoded');
  }
  const form = new URLSearchParams(request.body);
  if (form.get('grant_type') !== 'client_credentials') return message(400, 'grant_type must be client_credentials');
  const scope = form.get('scope');
  if (scope !== null) return message(400, `OAuth client cannot grant scopes ${JSON.stringify(scope)}`);

  const [clientId, clientSecret] = basicClient(request.headers.authorization) ?? [
    form.get('client_id') ?? '',
    form.get('client_secret') ?? '',
  ];
  const token = credentials.mint(clientId, clientSecret);
  if (token === null) return message(401, 'API token invalid');
  onMint(clientId, token);
  return json(
    JSON.stringify({
      access_token: token.accessToken,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      scope: token.scopes.join(' '),
    }),
  );
}

/** RFC 6749 2.3.1: both halves are form-encoded before they are joined. */
function basicClient(header: string | undefined): [string, string] | null {
  const [, encoded] = /^Basic (\S+)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return null;
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return [formDecode(id), formDecode(secret)];
}

function formDecode(text: string): string {
  return new URLSearchParams(`value=${text}`).get('value') ?? '';
}
