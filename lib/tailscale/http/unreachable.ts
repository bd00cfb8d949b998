import { isNativeError } from 'node:util/types';

/** The first error code along the causes of a failed fetch, such as ENOTFOUND. Codes only: a message may quote a header. */
export function causeCode(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && isNativeError(at); depth += 1) {
    if ('code' in at && typeof at.code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(at.code)) return at.code;
    at = at.cause;
  }
  return 'no error code';
}

/** Codes of libuv, undici, OpenSSL and zlib, as Node 20 to 24 report them. */
const CHECKS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:ENOTFOUND|EAI_AGAIN|EAI_)/,
    'its name could not be resolved: check the API URL, and the DNS of the VPC if the function is in one',
  ],
  [/^ECONNREFUSED$/, 'nothing accepts connections there: check the API URL and any proxy'],
  [
    /CERT|SIGNATURE|SELF_SIGNED|^ERR_(?:TLS|SSL)|^EPROTO$/,
    'its certificate or TLS was not accepted: check for a proxy that opens TLS',
  ],
  [
    /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|no whole answer)/,
    'check that the function has a way out: in a VPC it needs a NAT gateway',
  ],
  [
    /^(?:ECONNRESET|EPIPE|UND_ERR|Z_|ERR_STREAM|HPE_)/,
    'the connection broke before the answer was complete; the next run tries again',
  ],
];

/** What an operator is told when there was no answer. */
export function unreachable(url: URL, code: string): string {
  const check =
    CHECKS.find(([pattern]) => pattern.test(code))?.[1] ??
    'check that the function can reach it; the next run tries again';
  return `no answer from ${url.host} (${code}): ${check}`;
}
