import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** A string that every way of printing shows as `[redacted]`. Only `reveal()` returns it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** What an operator reads of each kind of credential. `secretForm` is the value of its secret. */
export const CREDENTIAL_KINDS = {
  'api-key': { sent: 'API key', renew: 'key', secretForm: '{"apiKey":"tskey-api-..."}' },
  'oauth-client': {
    sent: 'token of the OAuth client',
    renew: 'client',
    secretForm: '{"clientId":"...","clientSecret":"tskey-client-..."}',
  },
} as const;

export type CredentialKind = keyof typeof CREDENTIAL_KINDS;

export type Credential =
  | { readonly kind: 'api-key'; readonly apiKey: Secret }
  | { readonly kind: 'oauth-client'; readonly clientId: string; readonly clientSecret: Secret };

export interface VersionedCredential {
  readonly credential: Credential;
  /** Changes with every put-secret-value. */
  readonly version: string;
}

/** The AWS CLI command that stores a credential; the operator replaces the dots. */
export function putSecretCommand(secretId: string, kind: CredentialKind = 'api-key'): string {
  return `aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string '${CREDENTIAL_KINDS[kind].secretForm}'`;
}
