import { createHash } from 'node:crypto';
import type { Millis } from '../../lib/domain/time';
import type { MintedToken } from './credentials';

/** The record that Tailscale writes for a token request: its shape is that of a real one. */
export function tokenMintRecord(clientId: string, token: MintedToken, at: Millis): object {
  return {
    eventTime: new Date(at).toISOString(),
    type: 'CONFIG',
    deferredAt: '0001-01-01T00:00:00Z',
    eventGroupID: createHash('md5').update(token.tokenId).digest('hex'),
    origin: 'CONFIG_API',
    actor: { id: clientId, type: 'OAUTH_CLIENT', loginName: '', displayName: 'OAuth client' },
    target: { id: token.tokenId, name: 'OAuth access token', type: 'OAUTH_ACCESS_TOKEN' },
    action: 'CREATE',
    actionDetails: `scopes - ${token.scopes.join(',')}`,
  };
}
