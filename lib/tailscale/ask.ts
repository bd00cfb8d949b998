import type { Deadline, Millis } from '../connector/ports';
import type { Authorization, Authorizer } from './authorize';
import { MAX_BODY_BYTES, parseJson } from './body';
import type { Reply } from './exchange';
import { refusalOf, serverTime } from './refusal';
import type { Send } from './send';

/** A 200 with JSON in it. */
export interface Answer {
  readonly url: URL;
  readonly json: unknown;
  /** As in AuditLogPage. */
  readonly asOf: Millis;
  /** As in AuditLogPage. */
  readonly skewMs: number | null;
  /** As in AuditLogPage. */
  readonly oauthClientId: string | null;
}

/**
 * One question to the API.
 *
 * @throws Refusal for any other status than 200; BodyTooLarge; ConnectorError of Send and of Authorizer.
 */
export type Ask = (url: URL, deadline: Deadline) => Promise<Answer>;

export interface AskDeps {
  readonly send: Send;
  readonly authorizer: Authorizer;
  readonly secretId: string;
  readonly tailnet: string;
}

/** Questions of one connector. After a 401 the secret is read once more, and what it then gives is tried once. */
export function createAsk({ send, authorizer, secretId, tailnet }: AskDeps): Ask {
  const get = (url: URL, { token }: Authorization, deadline: Deadline): Promise<Reply> =>
    send({ url, method: 'GET', headers: { accept: 'application/json', authorization: `Bearer ${token()}` }, maxBytes: MAX_BODY_BYTES }, deadline);

  return async (url, deadline) => {
    let authorization = await authorizer.authorize(secretId, deadline);
    let reply = await get(url, authorization, deadline);
    const renewed = reply.status === 401 ? await authorizer.renew(secretId, authorization, deadline) : null;
    if (renewed !== null) {
      authorization = renewed;
      reply = await get(url, authorization, deadline);
    }
    const { kind, oauthClientId, token } = authorization;
    if (reply.status !== 200) throw refusalOf(reply, { secretId, tailnet, kind, secrets: [token()] });
    return { url, json: parseJson(reply.text, url), oauthClientId, ...timing(reply) };
  };
}

/**
 * The server made its answer between our sending and our receiving it, and dated it. Its own reading of the log can be as
 * old as the request's arrival: the date less the round trip is not after that. Dates are whole seconds, cut off.
 */
function timing({ headers, sentAt, answeredAt }: Reply): Pick<Answer, 'asOf' | 'skewMs'> {
  const date = serverTime(headers);
  if (date === null) return { asOf: sentAt, skewMs: null };
  const roundTripMs = Math.max(0, answeredAt - sentAt);
  return { asOf: Math.min(sentAt, date - roundTripMs), skewMs: Math.round(date - (sentAt + answeredAt) / 2) };
}
