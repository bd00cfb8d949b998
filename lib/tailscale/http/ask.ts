import type { Millis } from '../../domain/time';
import type { Deadline } from '../../domain/deadline';
import { AnswerReader } from '../answer/answer-reader';
import type { Authorization, Authorizer } from '../auth/authorize';
import type { Envelope } from '../answer/envelope';
import type { Head, Reply } from './exchange';
import { refusalOf, serverTime } from './refusal';
import type { Send } from './send';
import { Unfinished } from './wait-limit';

export interface Question {
  readonly url: URL;
  readonly envelope: Envelope;
  /** A smaller question can be asked: an answer that takes too long is not asked for again. */
  readonly isSplittable: boolean;
}

/** A 200, read up to its first batch of records. */
export interface Answer {
  readonly url: URL;
  readonly reader: AnswerReader;
  /** As in AuditLogPage. */
  readonly asOf: Millis | null;
  /** As in AuditLogPage. */
  readonly skewMs: number | null;
  /** As in AuditLogPage. */
  readonly oauthClientId: string | null;
}

/**
 * One question to the API. Where the answer fails after whole records, its reader gives them out and then fails. To a
 * splittable question an answer that takes too long is one too: its reader fails with Unfinished.
 *
 * @throws Refusal for any other status than 200; ConnectorError of Send, of Authorizer and of AnswerReader.
 */
export type Ask = (question: Question, deadline: Deadline) => Promise<Answer>;

export interface AskDeps {
  readonly send: Send;
  readonly authorizer: Authorizer;
  readonly secretId: string;
  readonly tailnet: string;
}

type Asked = Pick<Answer, 'reader' | 'asOf' | 'skewMs'>;

/** Questions of one connector. After a 401 the secret is read once more, and what it then gives is tried once. */
export function createAsk({ send, authorizer, secretId, tailnet }: AskDeps): Ask {
  const get = async (
    { url, envelope, isSplittable }: Question,
    { token }: Authorization,
    deadline: Deadline,
  ): Promise<Asked | Reply<unknown>> => {
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
      return reply.content === null ? reply : { reader: reply.content, ...timing(reply) };
    } catch (error) {
      const isCut = isSplittable && error instanceof Unfinished;
      if (opened !== undefined && opened.reader.failure === error && (isCut || opened.reader.holdsRecords))
        return { reader: opened.reader, ...timing(opened.head) };
      await opened?.reader.close();
      if (!isCut) throw error;
      // Not even the headers came: an answer without records.
      const noBody = { next: () => Promise.reject(error), close: () => Promise.resolve() };
      return { reader: new AnswerReader(noBody, url, envelope), asOf: null, skewMs: null };
    }
  };

  return async (question, deadline) => {
    let authorization = await authorizer.authorize(secretId, deadline);
    let asked = await get(question, authorization, deadline);
    const renewed =
      'status' in asked && asked.status === 401 ? await authorizer.renew(secretId, authorization, deadline) : null;
    if (renewed !== null) {
      authorization = renewed;
      asked = await get(question, authorization, deadline);
    }
    const { kind, oauthClientId, token } = authorization;
    if ('status' in asked) throw refusalOf(asked, { secretId, tailnet, kind, secrets: [token()] });
    return { url: question.url, oauthClientId, ...asked };
  };
}

/**
 * The server made its answer between our sending and our receiving it, and dated it. Its own reading of the log can be as
 * old as the request's arrival: the date less the round trip is not after that. Dates are whole seconds, cut off.
 */
function timing({ headers, sentAt, answeredAt }: Head): Pick<Answer, 'asOf' | 'skewMs'> {
  const date = serverTime(headers);
  if (date === null) return { asOf: sentAt, skewMs: null };
  const roundTripMs = Math.max(0, answeredAt - sentAt);
  return { asOf: Math.min(sentAt, date - roundTripMs), skewMs: Math.round(date - (sentAt + answeredAt) / 2) };
}
