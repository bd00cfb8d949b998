import { ConnectorError } from '../../domain/errors';
import type { ErrorCode } from '../../domain/errors';
import type { Millis } from '../../domain/time';
import { invalid } from './body';
import type { Reply } from './exchange';
import { Transient } from './wait-limit';
import { requestIdOf, wordsOf } from './words';

/** Tailscale answered, and the answer is no. */
export class Refusal extends ConnectorError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly status: number,
  ) {
    super(code, message);
  }
}

/** Who asked, for the messages. */
export interface Asker {
  readonly secretId: string;
  readonly tailnet: string;
  readonly kind: 'api-key' | 'oauth-client';
  /** Taken out of whatever upstream says. */
  readonly secrets: readonly string[];
}

/** The failure that an answer to a question for the log stands for, when it is not a 200. */
export function refusalOf(reply: Reply<unknown>, asker: Asker): ConnectorError {
  const { status, url } = reply;
  if (status > 200 && status < 300) return invalid(url, `has status ${status} where 200 is due`);
  const [code, advice] = judge(status, asker);
  return new Refusal(
    code,
    `${url.host} answered ${status}: ${advice}${wordsOf(reply, asker.secrets)}${requestIdOf(reply)}`,
    status,
  );
}

const WORDS = {
  'api-key': { sent: 'API key', made: 'key', form: '{"apiKey":"tskey-api-..."}' },
  'oauth-client': {
    sent: 'token of the OAuth client',
    made: 'client',
    form: '{"clientId":"...","clientSecret":"tskey-client-..."}',
  },
} as const;

function judge(status: number, { secretId, tailnet, kind }: Asker): [ErrorCode, string] {
  switch (status) {
    case 401:
      return [
        'UNAUTHORIZED',
        `the ${WORDS[kind].sent} is missing, malformed, revoked or expired. Make a new ${WORDS[kind].made} and put it in: aws secretsmanager put-secret-value --secret-id ${secretId} --secret-string '${WORDS[kind].form}'`,
      ];
    case 403:
      return [
        'FORBIDDEN',
        "the credential lacks the scope audit:read (today called logs:configuration:read), or the plan has no audit log. Make a new key or client with it: scopes of an existing one can't be changed",
      ];
    case 404:
      return [
        'NOT_FOUND',
        `no tailnet "${tailnet}" for this credential. Try "-", or the id or name that the admin console shows under Settings, General; a new client may need a minute until its scopes are known`,
      ];
    default:
      return [
        'UPSTREAM_ERROR',
        'an answer that this request should not get. Check the API URL and the dialect in the settings',
      ];
  }
}

/** Upstream is in trouble. */
export function serverError(reply: Reply<unknown>): Transient {
  return new Transient(
    'UPSTREAM_ERROR',
    `${reply.url.host} answered ${reply.status}: Tailscale is in trouble; the next run tries again${requestIdOf(reply)}`,
  );
}

/** Milliseconds: a wait that is not named, and the longest that is believed. */
const RETRY_AFTER = { missing: 60_000, longest: 15 * 60_000 } as const;

export function rateLimited(reply: Reply<unknown>): Transient {
  const retryAfterMs = parseRetryAfter(reply);
  return new Transient(
    'RATE_LIMITED',
    `${reply.url.host} answered 429 and wants ${Math.ceil(retryAfterMs / 1000)} s without requests; the run after that goes on${requestIdOf(reply)}`,
    { retryAfterMs },
  );
}

/** Seconds, or an HTTP date, which is held against the server's own clock where it tells it. */
function parseRetryAfter({ headers, answeredAt }: Reply<unknown>): Millis {
  const written = headers.get('retry-after')?.trim() ?? '';
  const ms = /^[+-]?\d+(?:\.\d+)?$/.test(written)
    ? Number(written) * 1000
    : Date.parse(written) - (serverTime(headers) ?? answeredAt);
  return Number.isNaN(ms) ? RETRY_AFTER.missing : Math.min(Math.max(0, ms), RETRY_AFTER.longest);
}

/** The `Date` header; null when there is none that can be read. */
export function serverTime(headers: Headers): Millis | null {
  const at = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(at) ? null : at;
}
