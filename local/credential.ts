/** Where a real tailnet's credential comes from: the variables that Tailscale's own tools read. */
const CREDENTIAL_ENV = {
  apiKey: 'TAILSCALE_API_KEY',
  clientId: 'TAILSCALE_CLIENT_ID',
  clientSecret: 'TAILSCALE_CLIENT_SECRET',
} as const;

/**
 * A credential from the environment, in the form that the secret has; undefined where none is set.
 *
 * @throws Error when an OAuth client is only half there, or both kinds are.
 */
export function credentialFrom(env: Readonly<Record<string, string | undefined>>): object | undefined {
  const apiKey = env[CREDENTIAL_ENV.apiKey];
  const clientId = env[CREDENTIAL_ENV.clientId];
  const clientSecret = env[CREDENTIAL_ENV.clientSecret];
  const isSet = (value: string | undefined) => value !== undefined && value !== '';
  if (isSet(clientId) !== isSet(clientSecret)) {
    throw new Error(`${CREDENTIAL_ENV.clientId} and ${CREDENTIAL_ENV.clientSecret} go together: set both, or neither`);
  }
  if (isSet(apiKey) && isSet(clientId))
    throw new Error(`set ${CREDENTIAL_ENV.apiKey} or the OAuth client's two variables, not all`);
  if (isSet(apiKey)) return { apiKey };
  return isSet(clientId) ? { clientId, clientSecret } : undefined;
}
