import { isAuthKey, isFederatedIdentity, isOauthClient } from './conditions';
import { row, type CatalogRow } from './row';

/** Keys, tokens and clients. In order: the first row that matches wins. */
export const credentialRows: readonly CatalogRow[] = [
  row('API_KEY.CREATE', 'auth_key:create', 'Auth key created', { when: isAuthKey }),
  row('API_KEY.CREATE', 'oauth_client:create', 'OAuth client created', { when: isOauthClient, raised: 'high' }),
  row('API_KEY.CREATE', 'federated_identity:create', 'Federated identity created', {
    when: isFederatedIdentity,
    raised: 'high',
  }),
  row('API_KEY.CREATE', 'api_key:create', 'API key created', { raised: 'high' }),
  row('API_KEY.REVOKE', 'auth_key:delete', 'Auth key revoked', { when: isAuthKey }),
  row('API_KEY.REVOKE', 'api_key:delete', 'API key revoked'),
  row('API_KEY.EXPIRED', 'auth_key:expire', 'Auth key expired', { when: isAuthKey }),
  row('API_KEY.EXPIRED', 'api_key:expire', 'API key expired'),
  row('API_KEY.UPDATE', 'api_key:update', 'API key changed', { raised: 'high' }),
  row('API_KEY.DELETE', 'auth_key:delete', 'Auth key deleted', { when: isAuthKey }),
  row('API_KEY.DELETE', 'api_key:delete', 'API key deleted'),
  row('OAUTH_ACCESS_TOKEN.CREATE', 'oauth_token:create', 'OAuth access token created'),
  row('AUTH_KEY.CREATE', 'auth_key:create', 'Auth key created'),
  row('AUTH_KEY.REVOKE', 'auth_key:delete', 'Auth key deleted', { also: ['AUTH_KEY.DELETE'] }),
  row('OAUTH_CLIENT.CREATE', 'oauth_client:create', 'OAuth client created', { raised: 'high' }),
  row('OAUTH_CLIENT.REVOKE', 'oauth_client:delete', 'OAuth client deleted', { also: ['OAUTH_CLIENT.DELETE'] }),
];
