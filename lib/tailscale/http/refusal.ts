import * as z from 'zod/mini';
import { CREDENTIAL_KINDS, putSecretCommand, type CredentialKind } from '../../domain/credential';
import { ConnectorError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import { MINUTE, type Millis } from '../../domain/time';
import { invalid, type Reply } from './body';
import { Transient } from './wait-limit';

/** Tailscale refused the request. */
export class Refusal extends ConnectorError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly status: number,
  ) {
    super(code, message);
  }
}

/** Who sent the request, for the message. */
export interface Sender {
  readonly secretId: string;
  readonly tailnet: string;
  readonly kind: CredentialKind;
  /** Removed from Tailscale's own message. */
  readonly token: string;
}

/** The failure of a log request whose answer is not a 200. */
export function refusalOf(reply: Reply<unknown>, sender: Sender): ConnectorError {
  const { status, url, text } = reply;
  if (status > 200 && status < 300) return invalid(url, `has status ${status}, not 200`);
  const [code, advice] = judge(status, sender);
  const message = `${url.host} answered ${status}: ${advice}${quote(text, sender.token)}${requestIdOf(reply)}`;
  return new Refusal(code, message, status);
}

function judge(status: number, { secretId, tailnet, kind }: Sender): [ErrorCode, string] {
  const { sent, renew } = CREDENTIAL_KINDS[kind];
  switch (status) {
    case 401:
      return [
        'UNAUTHORIZED',
        `the ${sent} is missing, malformed, revoked or expired. Make a new ${renew} and put it in: ${putSecretCommand(secretId, kind)}`,
      ];
    case 403:
      return [
        'FORBIDDEN',
        "the credential lacks the scope audit:read (today called logs:configuration:read), or the plan has no audit log. Make a new key or client with it: scopes of an existing one can't be changed",
      ];
    case 404:
      return [
        'NOT_FOUND',
        `this credential gives no access to a tailnet "${tailnet}". Try "-", or the id or name that the admin console shows under Settings, General; a new client may need a minute until its scopes are known`,
      ];
    default:
      return ['UPSTREAM_ERROR', 'an unexpected status. Check the API URL and the dialect in the settings'];
  }
}

export function serverError(reply: Reply<unknown>): Transient {
  return new Transient(
    'UPSTREAM_ERROR',
    `${reply.url.host} answered ${reply.status}: Tailscale has a problem; the next run tries again${requestIdOf(reply)}`,
  );
}

/** Milliseconds: without a usable Retry-After header, and at most. */
const RETRY_AFTER = { missing: MINUTE, longest: 15 * MINUTE } as const;

export function rateLimited(reply: Reply<unknown>): Transient {
  const retryAfterMs = parseRetryAfter(reply);
  return new Transient(
    'RATE_LIMITED',
    `${reply.url.host} answered 429 and asks for ${Math.ceil(retryAfterMs / 1000)} s without requests; the next run after that continues${requestIdOf(reply)}`,
    { retryAfterMs },
  );
}

/** Seconds, or an HTTP date, which is compared with the server's own clock where the answer has it. */
function parseRetryAfter({ headers, answeredAt }: Reply<unknown>): Millis {
  const written = headers.get('retry-after')?.trim() ?? '';
  const ms = /^[+-]?\d+(?:\.\d+)?$/.test(written)
    ? Number(written) * 1000
    : Date.parse(written) - (serverTime(headers) ?? answeredAt);
  return Number.isNaN(ms) ? RETRY_AFTER.missing : Math.min(Math.max(0, ms), RETRY_AFTER.longest);
}

/** The `Date` header; null when it is missing or not a date. */
export function serverTime(headers: Headers): Millis | null {
  const at = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(at) ? null : at;
}

/** `x-tailscale-request-id`, by which Tailscale's support finds a request, as the end of a message. */
export function requestIdOf({ headers }: { readonly headers: Headers }): string {
  const id = headers.get('x-tailscale-request-id') ?? '';
  return /^[\w.:-]{1,100}$/.test(id) && !id.includes('tskey-') ? ` (request id ${id})` : '';
}

/** Characters of Tailscale's own message that ours may carry. */
const MAX_QUOTE = 200;

const errorBody = z.object({ message: z.string() });

/**
 * Tailscale's own `{"message"}` as the end of ours: on one line, bounded, without the token or anything like a key. No
 * other part of an answer's body is ever shown.
 */
function quote(text: string, token: string): string {
  const message = messageIn(text)
    .replaceAll(token, '[removed]')
    .replaceAll(/tskey-\S*/gi, '[removed]')
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, MAX_QUOTE);
  return message === '' ? '' : `. Tailscale says: "${message}"`;
}

function messageIn(text: string): string {
  try {
    const parsed = z.safeParse(errorBody, JSON.parse(text));
    return parsed.success ? parsed.data.message : '';
  } catch {
    return '';
  }
}
