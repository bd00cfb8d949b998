import { isAuthKey, isFederatedIdentity, isOauthClient } from './conditions';
import type { CatalogRow } from './row';

/** Keys, tokens and clients. In order: the first row that matches wins. */
export const credentialRows: readonly CatalogRow[] = [
  { native: 'API_KEY.CREATE', action: 'auth_key:create', when: isAuthKey, title: 'Auth key: Create API key' },
  { native: 'API_KEY.CREATE', action: 'oauth_client:create', when: isOauthClient, raised: 'high' },
  { native: 'API_KEY.CREATE', action: 'federated_identity:create', when: isFederatedIdentity, raised: 'high' },
  { native: 'API_KEY.CREATE', action: 'api_key:create', raised: 'high', title: 'API key: Create API key' },
  { native: 'API_KEY.REVOKE', action: 'auth_key:delete', when: isAuthKey, title: 'Auth key: Revoke API key' },
  { native: 'API_KEY.REVOKE', action: 'api_key:delete', title: 'API key: Revoke API key' },
  { native: 'API_KEY.EXPIRED', action: 'auth_key:expire', when: isAuthKey, title: 'Auth key: API key expired' },
  { native: 'API_KEY.EXPIRED', action: 'api_key:expire', title: 'API key: API key expired' },
  { native: 'API_KEY.UPDATE', action: 'api_key:update', raised: 'high' },
  { native: 'API_KEY.DELETE', action: 'auth_key:delete', when: isAuthKey },
  { native: 'API_KEY.DELETE', action: 'api_key:delete' },
  { native: 'OAUTH_ACCESS_TOKEN.CREATE', action: 'oauth_token:create' },
  { native: 'AUTH_KEY.CREATE', action: 'auth_key:create' },
  { native: 'AUTH_KEY.REVOKE', action: 'auth_key:delete', also: ['AUTH_KEY.DELETE'] },
  { native: 'OAUTH_CLIENT.CREATE', action: 'oauth_client:create', raised: 'high' },
  { native: 'OAUTH_CLIENT.REVOKE', action: 'oauth_client:delete', also: ['OAUTH_CLIENT.DELETE'] },
];
