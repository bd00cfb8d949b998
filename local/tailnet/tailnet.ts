import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Dialect } from '../../lib/domain/dialect';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import { createAuditEndpoint, type AuditEnvelope } from './audit-endpoint';
import { toAuditRecord } from './audit-record';
import { answerConfigurationRequest } from './configuration-endpoint';
import { createCredentials, type CredentialControl, type OAuthClient } from './credentials';
import {
  message,
  route,
  type Answer,
  type Interceptor,
  type ReceivedRequest,
  type StagedAnswer,
  type Trouble,
} from './exchange';
import { createRecordStore, type Placement, type StoredRecord } from './record-store';
import { cutShort, respond } from './respond';
import { answerTokenRequest } from './token-endpoint';
import { tokenMintRecord } from './token-mint-record';

export interface TailnetOptions {
  /** Its name, and its id in envelopes; the path may also say `-`. Default `example.com`. */
  readonly tailnet?: string;
  /** What is not spoken answers 404. Default `both`. */
  readonly dialects?: 'both' | Dialect;
  readonly apiKeys?: readonly string[];
  readonly oauthClients?: readonly OAuthClient[];
  /** Default 3600, as Tailscale's. */
  readonly tokenLifetimeSeconds?: number;
  /** Every minted token is itself an audit record, as in life. Default false. */
  readonly recordTokenMints?: boolean;
  /** Records on a page of the audit dialect. Default 100. */
  readonly pageSize?: number;
  /** The audit dialect's fields. Default `auditLogs` and `nextCursor`. */
  readonly auditEnvelope?: AuditEnvelope;
  /**
   * Configuration records in the audit dialect: `audit` (default) translates them, `native` does not. Records of another
   * shape are never translated.
   */
  readonly auditShape?: 'audit' | 'native';
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A simulated tailnet. Records are JSON objects; numbers too big for a double may be bigint or lossless-json's. */
export interface Tailnet extends CredentialControl {
  /** `http://127.0.0.1:<port>`, without a path. */
  readonly url: string;
  readonly name: string;
  /** Puts records into the log. @throws TypeError for one without a readable time, unless `at` places it. */
  add(records: object | readonly object[], placement?: Placement): void;
  /** Everything in the log, visible or not, in the order it was added. */
  readonly records: readonly StoredRecord[];
  /** Everything that was asked, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Milliseconds that the `Date` header runs ahead of the clock; negative: behind. */
  setSkew(ms: Millis): void;
  /** Every cursor given out so far is refused; by default with 410. */
  expireCursors(status?: 400 | 404 | 410): void;
  /** The last interceptor added is asked first; the first that decides wins. Returns its removal. */
  intercept(interceptor: Interceptor): () => void;
  /** Also ends what hangs. @throws AggregateError of what interceptors threw; their requests got a 500. */
  close(): Promise<void>;
}

/** Starts a server on a free loopback port that speaks Tailscale's audit API and OAuth token endpoint. */
export async function startTailnet(options: TailnetOptions = {}): Promise<Tailnet> {
  const {
    tailnet: name = 'example.com',
    dialects = 'both',
    clock = { now: () => Date.now() },
    tokenLifetimeSeconds = 3600,
  } = options;
  const credentials = createCredentials(clock, {
    apiKeys: options.apiKeys ?? [],
    oauthClients: options.oauthClients ?? [],
    tokenLifetimeMs: tokenLifetimeSeconds * 1000,
  });
  const store = createRecordStore(clock, toAuditRecord);
  const audit = createAuditEndpoint(store, {
    pageSize: options.pageSize ?? 100,
    shape: options.auditShape === 'native' ? 'stored' : 'audit',
    envelope: options.auditEnvelope ?? { list: 'auditLogs', next: 'nextCursor' },
  });
  const requests: ReceivedRequest[] = [];
  const mistakes: unknown[] = [];
  let interceptors: readonly Interceptor[] = [];
  let skewMs = 0;

  const answer = (request: ReceivedRequest): Answer => {
    if (request.endpoint === 'token') {
      return answerTokenRequest(request, credentials, tokenLifetimeSeconds, (clientId, token) => {
        if (options.recordTokenMints === true) store.add(tokenMintRecord(clientId, token, clock.now()));
      });
    }
    if (request.endpoint === 'other' || (dialects !== 'both' && dialects !== request.endpoint)) return notFound;
    if (request.method !== 'GET') return message(405);
    const authority = credentials.authority(request.headers.authorization);
    if (authority === 'unknown') return message(401, 'API token invalid');
    if (authority !== 'client-secret' && request.tailnet !== '-' && request.tailnet !== name)
      return message(404, 'tailnet not found');
    if (authority !== 'reader')
      return message(403, 'calling actor does not have enough permissions to perform this function');
    return request.endpoint === 'audit' ? audit.answer(request) : answerConfigurationRequest(request, store, name);
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname: path, searchParams: query } = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const entry: Writable<ReceivedRequest> = {
      method: incoming.method ?? 'GET',
      ...route(path),
      path,
      query,
      headers: incoming.headers,
      body: await text(incoming),
      at: clock.now(),
      outcome: null,
    };
    const requestId = `REQ-${String(requests.push(entry)).padStart(8, '0')}`;

    let own: Answer | undefined;
    const proceed = (): Answer => (own ??= answer(entry));
    const staged = await decide(interceptors, entry, proceed).catch((mistake: unknown) => {
      mistakes.push(mistake);
      return message(500);
    });
    const usual = { date: new Date(clock.now() + skewMs).toUTCString(), 'x-tailscale-request-id': requestId };
    entry.outcome = typeof staged === 'string' ? staged : (staged.status ?? 200);
    if (staged === 'hang') return;
    if (staged === 'reset') incoming.socket.resetAndDestroy();
    else if (staged === 'cut') await cutShort(response, proceed(), usual);
    else await respond(response, staged, usual);
  };

  const server = createServer((incoming, response) => {
    // A caller that goes away in the middle of an answer is no fault of the simulator.
    serve(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');

  return {
    ...credentials,
    url: `http://127.0.0.1:${address.port}`,
    name,
    records: store.records,
    requests,
    add(records, placement) {
      for (const record of [records].flat()) store.add(record, placement);
    },
    setSkew: (ms) => void (skewMs = ms),
    expireCursors: (status = 410) => {
      audit.expireCursors(status);
    },
    intercept(interceptor) {
      interceptors = [interceptor, ...interceptors];
      return () => void (interceptors = interceptors.filter((one) => one !== interceptor));
    },
    async close() {
      if (server.listening) {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      }
      if (mistakes.length > 0) throw new AggregateError(mistakes, 'an interceptor threw');
    },
  };
}

type Writable<Shape> = { -readonly [Field in keyof Shape]: Shape[Field] };

/** A path that Tailscale's router does not know never reaches the code that speaks JSON. */
const notFound: Answer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: '404 page not found\n',
};

async function decide(
  interceptors: readonly Interceptor[],
  request: ReceivedRequest,
  proceed: () => Answer,
): Promise<StagedAnswer | Trouble> {
  for (const interceptor of interceptors) {
    const decision = await interceptor(request, proceed);
    if (decision !== undefined) return decision;
  }
  return proceed();
}
