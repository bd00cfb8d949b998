import type { Answer } from './protocol';

export type Service = 'dynamodb' | 'events' | 'secretsmanager' | 's3' | 'unknown';

/** A request that is about to be served. */
export interface Call {
  readonly service: Service;
  /** As AWS names it: `PutEvents`. */
  readonly operation: string;
  /** The operation's input: parsed JSON (undefined where it cannot be parsed); for S3 `{ Bucket, Key, Body }` with the bytes. */
  readonly body: unknown;
}

/** An answer instead of the service's. A body that is no string is sent as JSON; an AWS error is `{ __type, message }`. */
export interface FaultAnswer {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What goes wrong: another answer, or a connection destroyed before the service has acted, or after it. */
export type Fault = FaultAnswer | 'drop-before' | 'drop-after';

/** undefined: nothing goes wrong. A promise holds the request back until it resolves. */
export type Interceptor = (call: Call) => Fault | undefined | Promise<Fault | undefined>;

/** The first fault that an interceptor names. */
export async function firstFault(interceptors: Iterable<Interceptor>, call: Call): Promise<Fault | undefined> {
  for (const interceptor of interceptors) {
    const fault = await interceptor(call);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

export function faultAnswer({ status, body = '', headers }: FaultAnswer): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}
