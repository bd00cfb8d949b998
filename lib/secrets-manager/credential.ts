import * as z from 'zod/mini';
import { ConnectorError } from '../domain/errors';
import type { Credential } from '../domain/credential';
import { InvalidInput, parseWith } from '../contract/parse';
import { Sealed } from '../domain/secret';

const API_KEY_FORM = '{"apiKey":"tskey-api-..."}';
const OAUTH_FORM = '{"clientId":"...","clientSecret":"tskey-client-..."}';
const FIELDS = ['apiKey', 'clientId', 'clientSecret'] as const;

/** The command that gives a secret its value. The dots stand for the key. */
function putSecretCommand(secretId: string): string {
  return `aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string '${API_KEY_FORM}'`;
}

/** White space around the value (a pasted line break, a byte order mark) is cut off; inside it would break the header. */
const value = z
  .string()
  .check(
    z.trim(),
    z.minLength(1, 'is empty'),
    z.regex(/^[\x21-\x7e]*$/, 'holds a space, a line break or another character that no Tailscale key has'),
  );
const apiKeyFields = z.object({ apiKey: value });
const oauthFields = z.object({ clientId: value, clientSecret: value });
const anyObject = z.record(z.string(), z.unknown());

/**
 * A credential from the text of a secret: `{"apiKey"}` or `{"clientId","clientSecret"}`.
 *
 * @param secretId Named in messages. The text and its values never are.
 * @throws ConnectorError SECRET_EMPTY, SECRET_INVALID, CREDENTIAL_KIND.
 */
export function parseCredential(text: string, secretId = '<id>'): Credential {
  if (text.trim() === '') throw secretEmpty(secretId);
  try {
    return toCredential(parseObject(text));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new ConnectorError(
      'SECRET_INVALID',
      `the value of the secret ${secretId} ${error.problems.join('; ')}. It must be ${API_KEY_FORM} or ${OAUTH_FORM}: ${putSecretCommand(secretId)}`,
    );
  }
}

/** ResourceNotFoundException says it both of a secret without a value and of one that is not there. */
export function secretEmpty(secretId: string): ConnectorError {
  return new ConnectorError(
    'SECRET_EMPTY',
    `the secret ${secretId} has no value yet, or does not exist in this account and region: ${putSecretCommand(secretId)}`,
  );
}

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.trim());
  } catch {
    // The parser's own message quotes the text, so it goes no further.
    throw invalid(/^["']?tskey-/.test(text.trim()) ? 'is a bare key, not JSON' : 'is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid(`is a JSON ${kindOf(parsed)}, not an object`);
  return parseWith(anyObject, parsed, 'value');
}

function toCredential(fields: Record<string, unknown>): Credential {
  const unknown = Object.keys(fields).filter((name) => !FIELDS.some((known) => known === name));
  if (unknown.length > 0) throw invalid(...unknown.map(describeUnknownField));
  const oauth = 'clientId' in fields || 'clientSecret' in fields;
  if ('apiKey' in fields && oauth) throw invalid('has both apiKey and an OAuth client: keep one of them');
  if (!oauth && !('apiKey' in fields)) throw invalid('has neither apiKey nor clientId and clientSecret');
  return oauth ? oauthClient(fields) : apiKey(fields);
}

function apiKey(fields: Record<string, unknown>): Credential {
  const parsed = parseWith(apiKeyFields, fields, 'value');
  const other = foreignKind(parsed.apiKey, 'api');
  if (other !== null) {
    throw wrongKind(
      `apiKey holds ${KIND_NAMES[other]}, which cannot read the API by itself. ${other === 'client' ? `Store the OAuth client instead, as ${OAUTH_FORM}` : 'Generate an API key (tskey-api-…) in the admin console, Settings, Keys'}`,
    );
  }
  return { kind: 'api-key', apiKey: new Sealed(parsed.apiKey) };
}

function oauthClient(fields: Record<string, unknown>): Credential {
  const parsed = parseWith(oauthFields, fields, 'value');
  // The id is printed and compared with actors, so nothing secret may pass for one.
  const inId = foreignKind(parsed.clientId, null);
  if (inId !== null)
    throw wrongKind(`clientId holds ${KIND_NAMES[inId]}. Put the client's id there, and its secret into clientSecret`);
  const inSecret = foreignKind(parsed.clientSecret, 'client');
  if (inSecret !== null) {
    throw wrongKind(
      `clientSecret holds ${KIND_NAMES[inSecret]}. ${inSecret === 'api' ? `Store it as ${API_KEY_FORM}, or` : 'It cannot read the API:'} generate an OAuth client in the admin console, Settings, OAuth clients, and store its secret (tskey-client-…)`,
    );
  }
  return { kind: 'oauth-client', clientId: parsed.clientId, clientSecret: new Sealed(parsed.clientSecret) };
}

const KIND_NAMES = {
  api: 'an API key (tskey-api-…)',
  client: 'an OAuth client secret (tskey-client-…)',
  auth: 'an auth key (tskey-auth-…)',
  other: 'another kind of Tailscale key',
} as const;

type KeyKind = keyof typeof KIND_NAMES;

/** What a Tailscale key is, by its prefix, when it is not of the allowed kind; null when it is, or carries no such prefix. */
function foreignKind(text: string, allowed: KeyKind | null): KeyKind | null {
  if (!text.startsWith('tskey-')) return null;
  const kind = (['api', 'client', 'auth'] as const).find((known) => text.startsWith(`tskey-${known}-`)) ?? 'other';
  return kind === allowed ? null : kind;
}

/** A name is shown only where it cannot be a key that was pasted into the wrong place: letters, "_" and "-", and short. */
function describeUnknownField(name: string): string {
  const shown =
    /^[A-Za-z][A-Za-z_-]{0,31}$/.test(name) && !name.startsWith('tskey-') ? `the field "${name}"` : 'a field';
  const meant = FIELDS.find((known) => known.toLowerCase() === name.toLowerCase().replaceAll(/[^a-z]/g, ''));
  return meant === undefined ? `has ${shown} that is not known: remove it` : `has ${shown}: write it "${meant}"`;
}

function kindOf(parsed: unknown): string {
  if (parsed === null) return 'null';
  return Array.isArray(parsed) ? 'array' : typeof parsed;
}

function invalid(...problems: string[]): InvalidInput {
  return new InvalidInput('value', problems);
}

function wrongKind(message: string): ConnectorError {
  return new ConnectorError('CREDENTIAL_KIND', message);
}
