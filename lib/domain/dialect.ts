/** The two forms of Tailscale's audit API. */
export type Dialect = 'audit' | 'configuration';
