/** A string that cannot be printed: every conversion says `[redacted]`. */
export interface Secret {
  reveal(): string;
}

export type Credential =
  | { readonly kind: 'api-key'; readonly apiKey: Secret }
  | { readonly kind: 'oauth-client'; readonly clientId: string; readonly clientSecret: Secret };

export interface VersionedCredential {
  readonly credential: Credential;
  /** Changes with every put-secret-value. */
  readonly version: string;
}
