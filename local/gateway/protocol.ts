import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { InvalidInput } from '../../lib/contract/parse';

/** A whole request, after its body has arrived. */
export interface Request {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A whole answer, before any of it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** A refusal in AWS's terms. SDK clients throw an exception whose name is the code. */
export class AwsError extends Error {
  override readonly name = 'AwsError';

  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Operations of one service by name. Each takes the parsed request body and gives the answer's body. */
export type Operations = Readonly<Record<string, (input: unknown) => object>>;

/** Answers one call of AWS's JSON 1.1 protocol. */
export function answerJson(operations: Operations, operation: string, body: Buffer): Answer {
  try {
    const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (run === undefined) throw unknownOperation();
    return jsonAnswer(200, run(parseBody(body)));
  } catch (error) {
    return refusal(error);
  }
}

export function unknownOperation(): AwsError {
  return new AwsError('UnknownOperationException', 'The requested operation is not recognized by the service.');
}

/** @throws every other error: it is a bug in the gateway. */
export function refusal(error: unknown): Answer {
  if (error instanceof InvalidInput) return refusal(new AwsError('ValidationException', error.message));
  if (error instanceof AwsError) return jsonAnswer(error.status, { __type: error.code, message: error.message });
  throw error;
}

export function jsonAnswer(status: number, body: object): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(body),
  };
}

function parseBody(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'The request body is not JSON.');
  }
}
