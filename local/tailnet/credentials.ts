import { createHash, randomBytes } from 'node:crypto';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What its tokens may do; `logs:configuration:read` when left out. */
  readonly scopes?: readonly string[];
}

/** What an operator does to credentials in the admin console, at any moment. */
export interface CredentialControl {
  acceptKey(apiKey: string): void;
  /** An API key, or a minted token. */
  revokeKey(key: string): void;
  /** The old key dies, the new one is good. */
  rotateKey(from: string, to: string): void;
  acceptClient(client: OAuthClient): void;
  /** The client and every token it minted die. */
  revokeClient(clientId: string): void;
  /** The client's secret changes; its tokens die with the old one. */
  rotateClient(clientId: string, clientSecret: string): void;
  /** Every minted token dies now; clients can mint new ones. */
  expireTokens(): void;
}

export interface MintedToken {
  readonly accessToken: string;
  /** The public part, as the audit log names it. */
  readonly tokenId: string;
  readonly scopes: readonly string[];
}

/** `unknown`: missing, malformed, revoked and expired, all alike. */
export type Authority = 'unknown' | 'client-secret' | 'no-scope' | 'reader';

export interface Credentials extends CredentialControl {
  /** Judges an Authorization header. */
  authority(header: string | undefined): Authority;
  /** A new token; null when the client or its secret is wrong. */
  mint(clientId: string, clientSecret: string): MintedToken | null;
}

/** The scope has two names: Tailscale's today and the product documentation's; the last two hold all others. */
const READER_SCOPES = ['logs:configuration:read', 'audit:read', 'all:read', 'all'];

export function createCredentials(
  clock: Clock,
  initial: {
    readonly apiKeys: readonly string[];
    readonly oauthClients: readonly OAuthClient[];
    readonly tokenLifetimeMs: Millis;
  },
): Credentials {
  const apiKeys = new Set(initial.apiKeys);
  const clients = new Map(initial.oauthClients.map((client) => [client.clientId, client]));
  const tokens = new Map<
    string,
    { readonly clientId: string; readonly scopes: readonly string[]; readonly expiresAt: Millis }
  >();

  const endTokensOf = (clientId: string): void => {
    for (const [token, minted] of tokens) if (minted.clientId === clientId) tokens.delete(token);
  };

  return {
    authority(header) {
      const key = keyOf(header);
      if (key === null) return 'unknown';
      if (apiKeys.has(key)) return 'reader';
      if (key.startsWith('tskey-client-')) return 'client-secret';
      const token = tokens.get(key);
      if (token === undefined || token.expiresAt <= clock.now()) return 'unknown';
      return token.scopes.some((scope) => READER_SCOPES.includes(scope)) ? 'reader' : 'no-scope';
    },
    mint(clientId, clientSecret) {
      const client = clients.get(clientId);
      if (client?.clientSecret !== clientSecret) return null;
      const { scopes = ['logs:configuration:read'] } = client;
      const secret = randomBytes(16).toString('hex');
      const tokenId = `k${createHash('sha256').update(secret).digest('hex').slice(0, 12)}CNTRL`;
      const accessToken = `tskey-api-${tokenId}-${secret}`;
      tokens.set(accessToken, { clientId, scopes, expiresAt: clock.now() + initial.tokenLifetimeMs });
      return { accessToken, tokenId, scopes };
    },
    acceptKey: (apiKey) => void apiKeys.add(apiKey),
    revokeKey(key) {
      apiKeys.delete(key);
      tokens.delete(key);
    },
    rotateKey(from, to) {
      apiKeys.delete(from);
      apiKeys.add(to);
    },
    acceptClient: (client) => void clients.set(client.clientId, client),
    revokeClient(clientId) {
      clients.delete(clientId);
      endTokensOf(clientId);
    },
    rotateClient(clientId, clientSecret) {
      clients.set(clientId, { ...clients.get(clientId), clientId, clientSecret });
      endTokensOf(clientId);
    },
    expireTokens: () => {
      tokens.clear();
    },
  };
}

/** Tailscale takes a key as a bearer token, or as the user of HTTP basic with no password. */
function keyOf(header: string | undefined): string | null {
  const [, scheme = '', value = ''] = /^(\S+) (\S+)$/.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() === 'basic') return Buffer.from(value, 'base64').toString().split(':')[0] ?? null;
  return null;
}
