import { mkdir } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import dynalite from 'dynalite';
import { Level } from 'level';
import { closeServer, listen } from './loopback';
import { jsonAnswer } from './protocol';
import type { Answer, Request } from './protocol';

/** A DynamoDB server that takes whole requests. */
export interface DynamoDb {
  answer(request: Request): Promise<Answer>;
  /** Lets requests that are under way end first. */
  close(): Promise<void>;
}

/**
 * Starts dynalite on another loopback port and forwards requests to it. Its request listener is not called directly:
 * when a client disconnects in the middle of a body it throws from an event handler, which ends the process. Here it
 * receives whole requests only.
 *
 * @param path Folder that keeps the tables between runs; made when absent. In memory without it.
 * @throws Error when the folder cannot be opened, or is in use.
 */
export async function startDynamoDb(path?: string): Promise<DynamoDb> {
  if (path !== undefined) await makeFolder(path);
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(path !== undefined && { path }),
  });
  // Idle connections stay open: if the server closed a pooled one just before its next use, that request would be lost.
  server.keepAliveTimeout = 0;
  const port = await listen(server, 0);
  const agent = new Agent({ keepAlive: true });
  const underway = new Set<Promise<Answer>>();
  return {
    answer: async (incoming) => {
      const answer = forward(incoming, port, agent);
      underway.add(answer);
      try {
        return await answer;
      } finally {
        underway.delete(answer);
      }
    },
    close: async () => {
      await Promise.all(underway);
      agent.destroy();
      await closeServer(server);
    },
  };
}

/** dynalite ends the process when it cannot open its folder, so the folder is opened and closed once before. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    const folder = new Level(path);
    await folder.open();
    await folder.close();
  } catch (error) {
    throw new Error(
      `the folder of the tables cannot be opened (is it a folder, and does no other run use it?): ${path}`,
      { cause: error },
    );
  }
}

/** Never rejects: a lost connection is a 500, as it would be in AWS. */
function forward(incoming: Request, port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const lost = () => {
      resolve(jsonAnswer(500, { __type: 'InternalServerError', message: 'The connection to the tables was lost.' }));
    };
    const headers = { ...incoming.headers, 'content-length': String(incoming.body.length), connection: 'keep-alive' };
    const outgoing = request(
      { host: '127.0.0.1', port, agent, method: incoming.method, path: incoming.url, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', lost);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 500,
            headers: answerHeaders(response.headers),
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    outgoing.on('error', lost);
    outgoing.end(incoming.body);
  });
}

/** Without the headers of the connection to dynalite. */
function answerHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const own = ['content-type', 'x-amz-crc32', 'x-amzn-requestid'];
  return Object.fromEntries(own.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])));
}
