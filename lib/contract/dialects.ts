/**
 * The dialects of Tailscale's audit API, in the order in which `auto` tries them, and what each can do. Another dialect is
 * a row here and a file in lib/tailscale/dialects.
 */
export const DIALECTS = {
  /** Pages along the API's cursor, from a start up to now. */
  audit: { hasEnd: false },
  /** One answer for a range. */
  configuration: { hasEnd: true },
} as const satisfies Readonly<Record<string, { readonly hasEnd: boolean }>>;

export type Dialect = keyof typeof DIALECTS;

export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly Dialect[];
