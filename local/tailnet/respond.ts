import { once } from 'node:events';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { message, type Answer, type StagedAnswer } from './exchange';

/** Sends an answer. `usual` are the headers that every answer of the API has. */
export async function respond(
  response: ServerResponse,
  answer: StagedAnswer,
  usual: Readonly<Record<string, string>>,
): Promise<void> {
  const { status = 200, headers = {} } = answer;
  const body = answer.body ?? message(status).body;
  response.statusCode = status;
  if (STATUS_CODES[status] !== undefined) response.statusMessage = STATUS_CODES[status];
  const all: Record<string, string | null> = { 'content-type': 'application/json', ...usual, ...lowerCased(headers) };
  response.sendDate = false;
  for (const [name, value] of Object.entries(all)) if (value !== null) response.setHeader(name, value);
  if (typeof body !== 'string' && Symbol.asyncIterator in body) {
    await pipeline(Readable.from(body, { objectMode: false }), response);
    return;
  }
  if (!response.hasHeader('content-length')) response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}

/** The whole Content-Length, half the body, then the end of the connection. */
export async function cutShort(
  response: ServerResponse,
  answer: Answer,
  usual: Readonly<Record<string, string>>,
): Promise<void> {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...usual, ...answer.headers, 'content-length': body.length });
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  await once(response, 'close');
}

function lowerCased(headers: Readonly<Record<string, string | null>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
