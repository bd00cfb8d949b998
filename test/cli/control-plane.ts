import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startsStepFunctions, type StateMachines } from './step-functions';

export interface ControlPlaneOptions {
  /** Outputs by the name of their stack. */
  readonly stacks?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Handlers by function name; a rejection becomes Lambda's function error. */
  readonly functions?: Readonly<Record<string, (event: unknown) => Promise<unknown>>>;
  /** State machines by their ARN. */
  readonly stateMachines?: StateMachines;
}

/** The operations of CloudFormation, Lambda and Step Functions that the command uses, on a loopback port. */
export interface ControlPlane {
  /** Endpoints for the SDK clients. */
  readonly environment: Readonly<Record<string, string>>;
  /** Events of the functions' invocations. */
  readonly invocations: readonly unknown[];
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function startControlPlane({
  stacks = {},
  functions = {},
  stateMachines = {},
}: ControlPlaneOptions): Promise<ControlPlane> {
  const invocations: unknown[] = [];
  const stepFunctions = startsStepFunctions(stateMachines);

  const describeStacks = (name: string): Reply => {
    const outputs = stacks[name];
    if (outputs === undefined)
      return {
        status: 400,
        body: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`,
      };
    const members = Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    const stack = `<member><StackName>${name}</StackName><CreationTime>2026-11-22T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member>`;
    return {
      status: 200,
      body: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    };
  };

  const invoke = async (name: string, payload: string): Promise<Reply> => {
    const serve = functions[name];
    if (serve === undefined)
      return {
        status: 404,
        headers: { 'x-amzn-errortype': 'ResourceNotFoundException' },
        body: JSON.stringify({ Message: `Function not found: ${name}` }),
      };
    const event: unknown = JSON.parse(payload);
    invocations.push(event);
    try {
      return { status: 200, body: JSON.stringify(await serve(event)) };
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      return {
        status: 200,
        headers: { 'x-amz-function-error': 'Unhandled' },
        body: JSON.stringify({ errorType: 'Error', errorMessage, trace: [] }),
      };
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url ?? '')?.[1];
      const [service, operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
      if (service === 'AWSStepFunctions') {
        const { status, answer } = stepFunctions(operation, JSON.parse(body));
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
        return;
      }
      const reply =
        name === undefined
          ? Promise.resolve(describeStacks(new URLSearchParams(body).get('StackName') ?? ''))
          : invoke(decodeURIComponent(name), body);
      void reply.then(({ status, headers = {}, body: text }) => response.writeHead(status, headers).end(text));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    environment: { AWS_ENDPOINT_URL_CLOUDFORMATION: url, AWS_ENDPOINT_URL_LAMBDA: url, AWS_ENDPOINT_URL_SFN: url },
    invocations,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
