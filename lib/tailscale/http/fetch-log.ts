import type { Deadline } from '../../domain/deadline';
import type { Millis } from '../../domain/time';
import type { AuditLogPage } from '../../ports/audit-log';
import { AnswerReader } from '../answer/answer-reader';
import type { Envelope } from '../answer/envelope';
import type { Authorization, Authorizer } from '../auth/authorizer';
import type { Head, Reply } from './body';
import { refusalOf, serverTime } from './refusal';
import type { Send } from './send';
import { Unfinished } from './wait-limit';

export interface LogRequest {
  readonly url: URL;
  readonly envelope: Envelope;
  /** The dialect can request less: an answer that takes too long is not requested again. */
  readonly isSplittable: boolean;
}

/** A 200, read up to its first batch of records. */
export interface LogAnswer extends Pick<AuditLogPage, 'asOf' | 'skewMs' | 'oauthClientId'> {
  readonly reader: AnswerReader;
}

/**
 * Requests a part of a log. If the answer fails after whole records, its reader gives them out and then fails. If the
 * answer to a splittable request takes too long, its reader fails with Unfinished.
 *
 * @throws Refusal for any status but 200; ConnectorError of Send, of Authorizer and of AnswerReader.
 */
export type FetchLog = (request: LogRequest, deadline: Deadline) => Promise<LogAnswer>;

export interface FetchLogDeps {
  readonly send: Send;
  readonly authorizer: Authorizer;
  readonly secretId: string;
  readonly tailnet: string;
}

/** Log requests of one connector. After a 401 the secret is read again, and its credential is tried once. */
export function createFetchLog({ send, authorizer, secretId, tailnet }: FetchLogDeps): FetchLog {
  const get = async (
    { url, envelope, isSplittable }: LogRequest,
    { token, oauthClientId }: Authorization,
    deadline: Deadline,
  ): Promise<LogAnswer | Reply<unknown>> => {
    let opened: { readonly reader: AnswerReader; readonly head: Head } | undefined;
    try {
      const reply = await send(
        {
          url,
          method: 'GET',
          headers: { accept: 'application/json', authorization: `Bearer ${token()}` },
          isTriedOnceWhenSlow: isSplittable,
          read: async (body, head) => {
            await opened?.reader.close();
            opened = { reader: new AnswerReader(body, url, envelope), head };
            return opened.reader.prime();
          },
        },
        deadline,
      );
      return reply.content === null ? reply : { reader: reply.content, oauthClientId, ...timing(reply) };
    } catch (error) {
      const isCut = isSplittable && error instanceof Unfinished;
      if (opened !== undefined && opened.reader.failure === error && (isCut || opened.reader.holdsRecords))
        return { reader: opened.reader, oauthClientId, ...timing(opened.head) };
      await opened?.reader.close();
      if (!isCut) throw error;
      // Not even the headers came: an answer without records.
      const noBody = { next: () => Promise.reject(error), close: () => Promise.resolve() };
      return { reader: new AnswerReader(noBody, url, envelope), oauthClientId, asOf: null, skewMs: null };
    }
  };

  return async (request, deadline) => {
    let authorization = await authorizer.authorize(secretId, deadline);
    let answer = await get(request, authorization, deadline);
    const renewed =
      'status' in answer && answer.status === 401 ? await authorizer.renew(secretId, authorization, deadline) : null;
    if (renewed !== null) {
      authorization = renewed;
      answer = await get(request, authorization, deadline);
    }
    const { kind, token } = authorization;
    if ('status' in answer) throw refusalOf(answer, { secretId, tailnet, kind, token: token() });
    return answer;
  };
}

/**
 * The server made and dated its answer between our sending and our receiving. It may have read its log when the request
 * arrived; the date less the round trip is not later than that. Dates are whole seconds, rounded down.
 */
function timing({ headers, sentAt, answeredAt }: Head): { readonly asOf: Millis; readonly skewMs: number | null } {
  const date = serverTime(headers);
  if (date === null) return { asOf: sentAt, skewMs: null };
  const roundTripMs = Math.max(0, answeredAt - sentAt);
  return { asOf: Math.min(sentAt, date - roundTripMs), skewMs: Math.round(date - (sentAt + answeredAt) / 2) };
}
