import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

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
  /** Requests for a log, without those for a token. */
  readonly asked: () => Seen[];
  close(): Promise<void>;
}

/** A server on a free loopback port that answers each request as `respond` says. */
export async function startServer(respond: Respond): Promise<ScriptedServer> {
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
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    asked: () => requests.filter(({ url }) => url.pathname !== '/api/v2/oauth/token'),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** Answers in turn; the last one answers all further requests. */
export function inTurn(first: Respond, ...others: Respond[]): Respond {
  const waiting = [first, ...others];
  let current = first;
  return (response, request) => {
    current = waiting.shift() ?? current;
    current(response, request);
  };
}

/** An answer with JSON. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Respond {
  return text(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

export function text(status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Respond {
  return (response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  };
}

/** Servers of one test file; all are closed after each test. */
export function createServers(): {
  start: (respond: Respond) => Promise<ScriptedServer>;
  closeAll: () => Promise<void>;
} {
  const running: ScriptedServer[] = [];
  return {
    start: async (respond) => {
      const server = await startServer(respond);
      running.push(server);
      return server;
    },
    closeAll: async () => {
      await Promise.all(running.splice(0).map((server) => server.close()));
    },
  };
}
