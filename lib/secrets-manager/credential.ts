import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../contract/parse';
import { CREDENTIAL_KINDS, putSecretCommand, Secret, type Credential } from '../domain/credential';
import { ConnectorError } from '../domain/errors';

const API_KEY_FORM = CREDENTIAL_KINDS['api-key'].secretForm;
const OAUTH_FORM = CREDENTIAL_KINDS['oauth-client'].secretForm;

/** White space around the value (a pasted line break, a byte order mark) is removed; inside it would break the header. */
const value = z
  .string()
  .check(
    z.trim(),
    z.minLength(1, 'is empty'),
    z.regex(/^[\x21-\x7e]*$/, 'has a space, a line break or another character that no Tailscale key has'),
  );
const apiKeyFields = z.object({ apiKey: value });
const oauthFields = z.object({ clientId: value, clientSecret: value });

const FIELDS = ['apiKey', 'clientId', 'clientSecret'];

/**
 * Parses the text of a secret: `{"apiKey"}` or `{"clientId","clientSecret"}`.
 *
 * @param secretId Named in messages. The text and its values never are.
 * @throws ConnectorError SECRET_EMPTY, SECRET_INVALID, CREDENTIAL_KIND
 */
export function parseCredential(text: string, secretId = '<id>'): Credential {
  if (text.trim() === '') throw secretEmpty(secretId);
  try {
    return toCredential(parseObject(text.trim()));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new ConnectorError(
      'SECRET_INVALID',
      `the value of the secret ${secretId} ${error.problems.join('; ')}. It must be ${API_KEY_FORM} or ${OAUTH_FORM}: ${putSecretCommand(secretId)}`,
    );
  }
}

/** Secrets Manager answers alike for a secret without a value and for a missing secret. */
export function secretEmpty(secretId: string): ConnectorError {
  return new ConnectorError(
    'SECRET_EMPTY',
    `the secret ${secretId} has no value yet, or does not exist in this account and region: ${putSecretCommand(secretId)}`,
  );
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw invalid(/^["']?tskey-/.test(text) ? 'is a bare key, not JSON' : 'is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw invalid(
    `is a JSON ${parsed === null ? 'null' : Array.isArray(parsed) ? 'array' : typeof parsed}, not an object`,
  );
}

function toCredential(fields: Readonly<Record<string, unknown>>): Credential {
  const unknown = Object.keys(fields).filter((name) => !FIELDS.includes(name));
  if (unknown.length > 0) throw invalid(...unknown.map(describeUnknownField));
  const isOAuth = 'clientId' in fields || 'clientSecret' in fields;
  if ('apiKey' in fields && isOAuth) throw invalid('has both apiKey and an OAuth client: keep one of them');
  if (isOAuth) return oauthClient(fields);
  if ('apiKey' in fields) return apiKey(fields);
  throw invalid('has neither apiKey nor clientId and clientSecret');
}

function apiKey(fields: unknown): Credential {
  const parsed = parseWith(apiKeyFields, fields, 'value');
  const other = otherKey(parsed.apiKey, 'tskey-api-');
  if (other !== null) {
    const advice = other.startsWith('an OAuth')
      ? `Store the OAuth client instead, as ${OAUTH_FORM}`
      : 'Generate an API key (tskey-api-…) in the admin console, Settings, Keys';
    throw wrongKind(`apiKey holds ${other}, which cannot read the API by itself. ${advice}`);
  }
  return { kind: 'api-key', apiKey: new Secret(parsed.apiKey) };
}

function oauthClient(fields: unknown): Credential {
  const { clientId, clientSecret } = parseWith(oauthFields, fields, 'value');
  // The id is printed and compared with actors, so it must not be a secret.
  const inId = otherKey(clientId, null);
  if (inId !== null)
    throw wrongKind(`clientId holds ${inId}. Put the client's id there, and its secret into clientSecret`);
  const inSecret = otherKey(clientSecret, 'tskey-client-');
  if (inSecret !== null) {
    const advice = inSecret.startsWith('an API key') ? `Store it as ${API_KEY_FORM}, or` : 'It cannot read the API:';
    throw wrongKind(
      `clientSecret holds ${inSecret}. ${advice} generate an OAuth client in the admin console, Settings, OAuth clients, and store its secret (tskey-client-…)`,
    );
  }
  return { kind: 'oauth-client', clientId, clientSecret: new Secret(clientSecret) };
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  'tskey-api-': 'an API key (tskey-api-…)',
  'tskey-client-': 'an OAuth client secret (tskey-client-…)',
  'tskey-auth-': 'an auth key (tskey-auth-…)',
};

/** The name of a Tailscale key with another prefix than the allowed one; null for any other text. */
function otherKey(text: string, allowed: string | null): string | null {
  if (!text.startsWith('tskey-')) return null;
  const prefix = Object.keys(KEY_NAMES).find((known) => text.startsWith(known)) ?? '';
  return prefix === allowed ? null : (KEY_NAMES[prefix] ?? 'another kind of Tailscale key');
}

/** A name is shown only if it is short, of letters, "_" and "-": otherwise it may be a key in the wrong place. */
function describeUnknownField(name: string): string {
  const shown =
    /^[A-Za-z][A-Za-z_-]{0,31}$/.test(name) && !name.startsWith('tskey-') ? `the field "${name}"` : 'a field';
  const meant = FIELDS.find((known) => known.toLowerCase() === name.toLowerCase().replaceAll(/[^a-z]/g, ''));
  return meant === undefined ? `has ${shown} that is not known: remove it` : `has ${shown}: write it "${meant}"`;
}

function invalid(...problems: string[]): InvalidInput {
  return new InvalidInput('value', problems);
}

function wrongKind(message: string): ConnectorError {
  return new ConnectorError('CREDENTIAL_KIND', message);
}
