import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectorSettings } from '../../../lib/contract/settings';
import { ConnectorError } from '../../../lib/domain/errors';
import { connector, HOUR, PLENTY, readPage, setUp, type PageRead } from './setting';

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Respond = (response: ServerResponse, request: Seen) => void;

export interface ScriptedServer {
  readonly origin: string;
  /** In order of arrival. */
  readonly requests: Seen[];
  /** Without requests for a token. */
  readonly logRequests: () => Seen[];
}

/** A server on a free loopback port that answers each request as `respond` says. It is closed after the test. */
export async function start(respond: Respond): Promise<ScriptedServer> {
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const seen = {
        method: request.method ?? '',
        url: new URL(request.url ?? '', 'http://server'),
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      };
      requests.push(seen);
      respond(response, seen);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(server);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    logRequests: () => requests.filter(({ url }) => url.pathname !== '/api/v2/oauth/token'),
  };
}

const running: Server[] = [];
afterEach(async () => {
  await Promise.all(
    running.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

/** Reads a log to its end or its failure, as `respond` serves it. */
export async function readFrom(settings: Partial<ConnectorSettings>, respond: Respond, how: HowToRead = {}) {
  const { known = null, window, cursor, deadline, ...options } = how;
  const server = await start(respond);
  const { openAuditLog, pauses, clock } = setUp(server.origin, options);
  const walk = openAuditLog(connector(settings), known).pages(window ?? HOUR, cursor ?? null, deadline ?? PLENTY);
  const pages: PageRead[] = [];
  let failure: ConnectorError | null = null;
  try {
    for await (const page of walk) pages.push(await readPage(page));
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    failure = error;
  }
  return { server, pages, records: pages.flatMap(({ records }) => records), failure, pauses, clock };
}

type HowToRead = NonNullable<Parameters<typeof setUp>[1]> &
  NonNullable<Parameters<ReturnType<typeof setUp>['read']>[1]>;

/** Answers in turn; the last one answers all further requests. */
export function inTurn(first: Respond, ...others: Respond[]): Respond {
  const waiting = [first, ...others];
  let current = first;
  return (response, request) => {
    current = waiting.shift() ?? current;
    current(response, request);
  };
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Respond {
  return text(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

export function text(status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Respond {
  return (response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  };
}
