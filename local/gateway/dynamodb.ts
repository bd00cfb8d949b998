import { mkdir } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import dynalite from 'dynalite';
import { closeServer, listen } from './loopback';
import { jsonAnswer } from './protocol';
import type { Answer, Request } from './protocol';

/** A DynamoDB of our own, reached by whole requests. */
export interface DynamoDb {
  answer(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Starts dynalite on a loopback port of its own and passes requests on to it. Its request listener is not called
 * directly, because it throws from within when a client goes away in the middle of a body; here it only ever sees
 * whole requests.
 *
 * @param path Folder that keeps the tables between runs; made when absent. In memory without it.
 */
export async function startDynamoDb(path?: string): Promise<DynamoDb> {
  if (path !== undefined) await mkdir(path, { recursive: true });
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0, ...(path !== undefined && { path }) });
  // Idle connections stay: a pooled one that the server closes just as it is used again would lose that request.
  server.keepAliveTimeout = 0;
  const port = await listen(server, 0);
  const agent = new Agent({ keepAlive: true });
  return {
    answer: (incoming) => forward(incoming, port, agent),
    close: async () => {
      agent.destroy();
      await closeServer(server);
    },
  };
}

function forward(incoming: Request, port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const lost = () => {
      resolve(jsonAnswer(500, { __type: 'InternalServerError', message: 'The connection to the tables was lost.' }));
    };
    const headers = { ...incoming.headers, 'content-length': String(incoming.body.length), connection: 'keep-alive' };
    const outgoing = request({ host: '127.0.0.1', port, agent, method: incoming.method, path: incoming.url, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', lost);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 500, headers: answerHeaders(response.headers), body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', lost);
    outgoing.end(incoming.body);
  });
}

/** Those that belong to the connection to dynalite are left behind. */
function answerHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const own = ['content-type', 'x-amz-crc32', 'x-amzn-requestid'];
  return Object.fromEntries(own.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])));
}
