/** The two forms of Tailscale's audit API. */
export type Dialect = 'audit' | 'configuration';

/** What a dialect can do. */
export const DIALECTS: Readonly<Record<Dialect, { readonly hasEnd: boolean }>> = {
  /** Takes a start only: every window reads up to now. */
  audit: { hasEnd: false },
  configuration: { hasEnd: true },
};
