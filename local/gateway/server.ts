import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import { startDynamoDb } from './dynamodb';
import { createEventBridge } from './eventbridge';
import type { Events } from './eventbridge';
import { faultAnswer, firstFault } from './faults';
import type { Interceptor, Service } from './faults';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './local-client';
import { closeServer, listen } from './loopback';
import { answerJson, refusal, unknownOperation } from './protocol';
import type { Answer, Request } from './protocol';
import { createS3, parseS3Call } from './s3';
import type { Buckets } from './s3';
import { createSecretsManager } from './secrets-manager';
import type { Secrets } from './secrets-manager';
import { subscribe } from './subscribers';

/** One request. */
export interface LoggedRequest {
  readonly service: Service;
  /** As AWS names it: `PutEvents`. */
  readonly operation: string;
  readonly at: Millis;
}

export interface Gateway {
  /** What AWS_ENDPOINT_URL has to be: `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly events: Events;
  readonly secrets: Secrets;
  readonly s3: Buckets;
  /** Every request so far in the order of arrival, those with a fault too. */
  readonly requests: readonly LoggedRequest[];
  /** Puts in an interceptor; the first one that names a fault decides. @returns takes it out again. */
  intercept(interceptor: Interceptor): () => void;
  /** Takes all interceptors out. */
  calm(): void;
  /** Ends all connections and frees the folder of the tables. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  /** Folder that keeps the DynamoDB tables between runs; in memory without it. All else is always in memory. */
  readonly path?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Dates what the services make (the tables excepted), and the request log. */
  readonly clock?: Clock;
}

/** A request that has found its service. */
interface Route {
  readonly service: Service;
  readonly operation: string;
  /** The operation's input, as interceptors see it. */
  readonly input: () => unknown;
  readonly serve: () => Answer | Promise<Answer>;
}

/**
 * AWS on one loopback port: DynamoDB, EventBridge, Secrets Manager and S3, as far as the connector needs them. SDK
 * clients need AWS_ENDPOINT_URL, a region and any credentials; no signature is checked.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const place = { region: LOCAL_REGION, accountId: LOCAL_ACCOUNT };
  const clock = options.clock ?? { now: () => Date.now() };
  const eventBridge = createEventBridge(place, clock);
  const secretsManager = createSecretsManager(place, clock);
  const s3 = createS3(clock);
  const dynamoDb = await startDynamoDb(options.path);
  const requests: LoggedRequest[] = [];
  const interceptors = new Set<Interceptor>();

  const routeOf = (request: Request): Route => {
    const target = request.headers['x-amz-target'];
    if (typeof target !== 'string') {
      const call = parseS3Call(request);
      const input = () => ({ Bucket: call.bucket, Key: call.key, Body: request.body });
      return { service: 's3', operation: call.operation, input, serve: () => s3.answer(call, request) };
    }
    const [prefix = '', operation = ''] = target.split('.');
    const input = () => parseJson(request.body);
    switch (prefix) {
      case 'DynamoDB_20120810':
        return { service: 'dynamodb', operation, input, serve: () => dynamoDb.answer(request) };
      case 'AWSEvents':
        return {
          service: 'events',
          operation,
          input,
          serve: () => answerJson(eventBridge.operations, operation, request.body),
        };
      case 'secretsmanager':
        return {
          service: 'secretsmanager',
          operation,
          input,
          serve: () => answerJson(secretsManager.operations, operation, request.body),
        };
      default:
        return { service: 'unknown', operation: target, input, serve: () => refusal(unknownOperation()) };
    }
  };

  /** @returns undefined: no answer, the connection is to be destroyed. */
  const answer = async ({ service, operation, input, serve }: Route): Promise<Answer | undefined> => {
    requests.push({ service, operation, at: clock.now() });
    const fault =
      interceptors.size === 0 ? undefined : await firstFault(interceptors, { service, operation, body: input() });
    if (fault === undefined) return serve();
    if (fault === 'drop-after') await serve();
    return typeof fault === 'string' ? undefined : faultAnswer(fault);
  };

  const server = createServer((incoming, outgoing) => {
    // A client that reads another clock here takes its next failure for one of clock skew, and tries again.
    outgoing.setHeader('date', new Date(clock.now()).toUTCString());
    void exchange(incoming, outgoing, (request) => answer(routeOf(request)));
  });
  const port = await listen(server, options.port ?? 0).catch(async (error: unknown) => {
    await dynamoDb.close();
    throw error;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    events: eventBridge.events,
    secrets: secretsManager.secrets,
    s3: s3.buckets,
    requests,
    intercept: (interceptor) => subscribe(interceptors, interceptor),
    calm: () => {
      interceptors.clear();
    },
    close: async () => {
      await closeServer(server);
      await dynamoDb.close();
    },
  };
}

/** Reads the whole request and sends the whole answer. What an interceptor throws also ends up as an unhandled rejection. */
async function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Promise<Answer | undefined>,
): Promise<void> {
  try {
    const body = await readBody(incoming);
    if (body === undefined) return;
    const { method = 'GET', url = '/', headers } = incoming;
    const given = await answer({ method, url, headers, body });
    if (given !== undefined)
      outgoing
        .writeHead(given.status, { ...given.headers, 'content-length': Buffer.byteLength(given.body) })
        .end(given.body);
  } finally {
    if (!outgoing.headersSent) incoming.socket.destroy();
  }
}

/** @returns undefined when the client went away before its end. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
