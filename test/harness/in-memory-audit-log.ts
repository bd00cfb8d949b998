import { DIALECTS, type Dialect } from '../../lib/domain/dialect';
import type { Window } from '../../lib/domain/time';
import type { AuditLog, OpenAuditLog } from '../../lib/ports/audit-log';
import type { Clock } from '../../lib/domain/deadline';
import { ConnectorError } from '../../lib/domain/errors';
import type { Authorizer } from '../../lib/tailscale/auth/authorizer';
import { createAuditDialect } from '../../lib/tailscale/dialects/audit';
import { createConfigurationDialect } from '../../lib/tailscale/dialects/configuration';
import { Body, type Reply } from '../../lib/tailscale/http/body';
import { createFetchLog } from '../../lib/tailscale/http/fetch-log';
import type { Outgoing, Send } from '../../lib/tailscale/http/send';
import { Transient, Unfinished } from '../../lib/tailscale/http/wait-limit';
import { NoAnswer, type Io } from './in-memory-io';
import type { InMemoryTailnet } from './in-memory-tailnet';

const API = new URL('https://tailnet.test');

const outOfTime = () => new ConnectorError('OUT_OF_TIME', 'the run has ended');

/** As lib/tailscale/http/send. */
const TIMEOUT_MS = 60_000;

export interface InMemoryAuditLogDeps {
  /** Called at every request: a new secret may belong to another tailnet. */
  readonly tailnet: () => InMemoryTailnet;
  /** The connector's clock. */
  readonly clock: Clock;
  readonly io: Io;
  /** Called with the window at its first requests, until one has an answer: when it is sent, if the dialect has an end, and when it is answered. */
  readonly onFirstAnswer?: (window: Window) => void;
}

/** lib/tailscale's own dialects over a tailnet in memory: only the HTTP exchange and its retries are replaced. */
export function createInMemoryAuditLog({ tailnet, clock, io, onFirstAnswer }: InMemoryAuditLogDeps): OpenAuditLog {
  const sendFor =
    (hasEnd: boolean, begin: () => void): Send =>
    async <Content>({ url, read }: Outgoing<Content>, deadline: Parameters<Send>[1]): Promise<Reply<Content>> => {
      if (deadline.isNear()) throw outOfTime();
      const sentAt = clock.now();
      const limitMs = Math.min(TIMEOUT_MS, deadline.untilNear());
      if (hasEnd) begin();
      try {
        const { answer, servedAt } = await io(
          { service: 'upstream', name: 'GET', about: url.pathname + url.search, writes: false, limitMs, deadline },
          () => {
            begin();
            return { answer: answerOf(tailnet(), url), servedAt: tailnet().clock.now() };
          },
        );
        const headers = new Headers({ date: new Date(servedAt).toUTCString() });
        const head = { url, status: answer?.status ?? 410, headers, sentAt, answeredAt: clock.now() };
        if (answer === null) return { ...head, content: null, text: '' };
        return { ...head, content: await read(bodyOf(answer), head), text: '' };
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (clock.now() - sentAt >= limitMs)
          throw new Unfinished(limitMs < TIMEOUT_MS ? 'OUT_OF_TIME' : 'UPSTREAM_UNREACHABLE', 'too slow');
        throw deadline.isNear() ? outOfTime() : new Transient('UPSTREAM_UNREACHABLE', 'Tailscale could not be reached');
      }
    };

  return ({ tailnet: name, secretId, dialect }, known): AuditLog => ({
    pages(window, cursor, deadline) {
      let isAnswered = cursor !== null;
      const begin = () => {
        if (!isAnswered) onFirstAnswer?.(window);
      };
      const chosen: Dialect = dialect === 'auto' ? (known ?? tailnet().dialect) : dialect;
      const sendOnce = sendFor(DIALECTS[chosen].hasEnd, begin);
      // After a missing answer, the configuration dialect requests the same window again: the first answer is that one's.
      const send: Send = async (outgoing, until) => {
        const reply = await sendOnce(outgoing, until);
        isAnswered = true;
        return reply;
      };
      const fetchLog = createFetchLog({ send, authorizer, secretId, tailnet: name });
      const create = chosen === 'audit' ? createAuditDialect : createConfigurationDialect;
      return create(API, name, fetchLog).pages(window, cursor, deadline);
    },
  });
}

const authorization = { kind: 'api-key', version: '1', oauthClientId: null, isNew: false, token: () => 'key' } as const;
const authorizer: Authorizer = {
  authorize: () => Promise.resolve(authorization),
  renew: () => Promise.resolve(null),
};

interface Answer {
  readonly status: number;
  /** The body; of one that is cut, its beginning. */
  readonly text: string;
  readonly isCut: boolean;
}

/** null: the cursor is no longer taken. */
function answerOf(tailnet: InMemoryTailnet, { pathname, searchParams }: URL): Answer | null {
  const time = (name: string) => Date.parse(searchParams.get(name) ?? '');
  if (pathname.endsWith('/audit')) {
    const cursor = searchParams.get('cursor');
    const page = cursor === null ? tailnet.begin(time('startTime')) : tailnet.resume(cursor);
    if (page === undefined) return null;
    const next = page.cursor === null ? '' : `,"nextCursor":${JSON.stringify(page.cursor)}`;
    return { status: 200, text: `{"auditLogs":[${listed(page.records)}]${next}}`, isCut: false };
  }
  const [from, until] = [time('start'), time('end')];
  const { records, isCut } = tailnet.between({ from, until }, until - from > 1_000);
  const list = `{"tailnetId":${JSON.stringify(tailnet.id)},"logs":[${listed(records)}`;
  return { status: 200, text: isCut ? `${list},` : `${list}]}`, isCut };
}

const listed = (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).join(',');

/** A body in one piece. An answer that is cut is not slow: the next one, over half the time, may be whole. */
function bodyOf({ text, isCut }: Answer): Body {
  const chunks: Uint8Array[] = [Buffer.from(text)];
  return Object.assign(Object.create(Body.prototype) as Body, {
    next: () => {
      const chunk = chunks.shift();
      if (chunk === undefined && isCut) return Promise.reject(new Unfinished('UPSTREAM_INVALID', 'the answer was cut'));
      return Promise.resolve(chunk ?? null);
    },
    close: () => Promise.resolve(),
  });
}
