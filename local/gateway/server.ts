import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Millis } from '../../lib/connector/ports';
import { startDynamoDb } from './dynamodb';
import { createEventBridge } from './eventbridge';
import type { Events } from './eventbridge';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './local-client';
import { closeServer, listen } from './loopback';
import { answerJson, refusal, unknownOperation } from './protocol';
import type { Answer, Operations, Request } from './protocol';
import { createSecretsManager } from './secrets-manager';
import type { Secrets } from './secrets-manager';

export type Service = 'dynamodb' | 'events' | 'secretsmanager' | 's3' | 'unknown';

/** One request, in the order of arrival. */
export interface LoggedRequest {
  readonly service: Service;
  readonly operation: string;
  readonly at: Millis;
}

/** A request that is about to be served. */
export interface Call {
  readonly service: Service;
  readonly operation: string;
  /** Parsed JSON; undefined where the body is none. */
  readonly body: unknown;
}

/**
 * What goes wrong instead of the usual answer: another answer (a body that is no string is sent as JSON), or a socket
 * that is destroyed before the service has acted, or after it.
 */
export type Fault = 'drop-before' | 'drop-after' | { readonly status: number; readonly body?: string | object; readonly headers?: Readonly<Record<string, string>> };

/** undefined: nothing goes wrong. */
export type Interceptor = (call: Call) => Fault | undefined | Promise<Fault | undefined>;

export interface Gateway {
  /** What AWS_ENDPOINT_URL has to be: `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly events: Events;
  readonly secrets: Secrets;
  /** Every request so far, those with a fault too. */
  readonly requests: readonly LoggedRequest[];
  /** Puts in an interceptor; the first one that names a fault decides. @returns takes it out again. */
  intercept(interceptor: Interceptor): () => void;
  /** Ends all connections and closes the tables' folder. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  /** Folder that keeps the DynamoDB tables between runs; in memory without it. */
  readonly path?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Twelve digits. */
  readonly accountId?: string;
  readonly region?: string;
  /** Dates what the services make, and the request log. */
  readonly clock?: Clock;
}

/**
 * AWS on one loopback port: DynamoDB, EventBridge, Secrets Manager and S3, as far as the connector needs them. Real
 * SDK clients need AWS_ENDPOINT_URL, a region and any credentials; no signature is checked.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const place = { region: options.region ?? LOCAL_REGION, accountId: options.accountId ?? LOCAL_ACCOUNT };
  const clock = options.clock ?? { now: () => Date.now() };
  const { operations: eventOperations, events } = createEventBridge(place, clock);
  const { operations: secretOperations, secrets } = createSecretsManager(place, clock);
  const dynamoDb = await startDynamoDb(options.path);
  const requests: LoggedRequest[] = [];
  const interceptors = new Set<Interceptor>();

  const serve = async (service: Service, operation: string, request: Request): Promise<Answer> => {
    const json: Partial<Record<Service, Operations>> = { events: eventOperations, secretsmanager: secretOperations };
    if (service === 'dynamodb') return dynamoDb.answer(request);
    const operations = json[service];
    return operations === undefined ? refusal(unknownOperation()) : answerJson(operations, operation, request.body);
  };
  const handle = async (request: Request, drop: () => void): Promise<Answer | undefined> => {
    const { service, operation } = routeOf(request);
    requests.push({ service, operation, at: clock.now() });
    const fault = await firstFault(interceptors, { service, operation, body: parseJson(request.body) });
    if (fault === 'drop-before') drop();
    else if (fault === 'drop-after') await serve(service, operation, request).then(drop);
    else return fault === undefined ? serve(service, operation, request) : faultAnswer(fault);
    return undefined;
  };

  const server = createServer((incoming, outgoing) => {
    const drop = () => {
      incoming.socket.destroy();
    };
    void (async () => {
      const request = await readRequest(incoming).catch(drop);
      if (request === undefined) return;
      try {
        const answer = await handle(request, drop);
        if (answer !== undefined) send(outgoing, answer);
      } catch (error) {
        drop();
        throw error;
      }
    })();
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    events,
    secrets,
    requests,
    intercept: (interceptor) => {
      interceptors.add(interceptor);
      return () => {
        interceptors.delete(interceptor);
      };
    },
    close: async () => {
      await closeServer(server);
      await dynamoDb.close();
    },
  };
}

const SERVICES: readonly (readonly [prefix: string, service: Service])[] = [
  ['DynamoDB_20120810.', 'dynamodb'],
  ['AWSEvents.', 'events'],
  ['secretsmanager.', 'secretsmanager'],
];

function routeOf(request: Request): { service: Service; operation: string } {
  const target = request.headers['x-amz-target'];
  if (typeof target !== 'string') return { service: 's3', operation: request.method };
  const [prefix, service] = SERVICES.find(([start]) => target.startsWith(start)) ?? ['', 'unknown'];
  return { service, operation: target.slice(prefix.length) };
}

async function readRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return { method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers, body: Buffer.concat(chunks) };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function firstFault(interceptors: ReadonlySet<Interceptor>, call: Call): Promise<Fault | undefined> {
  for (const interceptor of interceptors) {
    const fault = await interceptor(call);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultAnswer(fault: Exclude<Fault, string>): Answer {
  const { status, body = '', headers = {} } = fault;
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

function send(outgoing: ServerResponse, answer: Answer): void {
  outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  outgoing.end(answer.body);
}
