import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import type { Clock } from '../lib/domain/deadline';
import { createJobReader } from '../lib/operator/backfill-progress';
import { createRewinder, type Rewinder } from '../lib/operator/rewind';
import { createStatusReader } from '../lib/operator/status';
import { wireWorkflow } from './backfill/clients';
import { calling } from './calling';
import { CliError, type Aws } from './cli';

/** Milliseconds one call to the table may take. */
const PATIENCE = { remaining: () => 30_000, untilNear: () => 30_000, isNear: () => false, isOver: () => false };

/** What Lambda says of an invocation that failed. */
const failure = z.object({ errorMessage: z.string() });

/** AWS by the SDK's own rules: region, credentials and endpoint are those of the environment. */
export function wire(clock: Clock): Aws {
  const cloudFormation = new CloudFormationClient();
  // A second try would be a second invocation, while the first one may still be at work.
  const lambda = new LambdaClient({ maxAttempts: 1 });
  const dynamoDb = new DynamoDBClient();
  return {
    stackOutputs: (stack) =>
      calling(
        cloudFormation,
        { what: `the stack "${stack}"`, action: 'cloudformation:DescribeStacks', missing: 'ValidationError' },
        async () => {
          const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
          return Object.fromEntries(
            (found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
          );
        },
      ),
    invoke: (functionName, payload) =>
      calling(
        lambda,
        {
          what: `the function "${functionName}"`,
          action: 'lambda:InvokeFunction',
          missing: 'ResourceNotFoundException',
        },
        async () => {
          const { FunctionError, Payload } = await lambda.send(
            new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) }),
          );
          const answer: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
          if (FunctionError === undefined) return answer;
          const failed = z.safeParse(failure, answer);
          throw new CliError(
            failed.success ? failed.data.errorMessage : `the function "${functionName}" failed; look into its log`,
          );
        },
      ),
    rewinder: (tableName) => {
      const rewinder = createRewinder({ table: { client: dynamoDb, name: tableName }, clock, deadline: PATIENCE });
      const on = {
        what: `the table "${tableName}"`,
        action: 'dynamodb:GetItem and dynamodb:UpdateItem',
        missing: 'ResourceNotFoundException',
      };
      return {
        look: (connector) => calling(dynamoDb, on, () => rewinder.look(connector)),
        rewind: (connector, to) => calling(dynamoDb, on, () => rewinder.rewind(connector, to)),
      } satisfies Rewinder;
    },
    statusReader: (tableName) => {
      const reader = createStatusReader({ table: { client: dynamoDb, name: tableName }, deadline: PATIENCE });
      const on = { what: `the table "${tableName}"`, action: 'dynamodb:Query', missing: 'ResourceNotFoundException' };
      return { read: (connector) => calling(dynamoDb, on, () => reader.read(connector)) };
    },
    workflow: wireWorkflow,
    jobReader: (tableName) => {
      const reader = createJobReader({ table: { client: dynamoDb, name: tableName }, deadline: PATIENCE });
      const on = { what: `the table "${tableName}"`, action: 'dynamodb:Query', missing: 'ResourceNotFoundException' };
      return { slices: (connector, jobId) => calling(dynamoDb, on, () => reader.slices(connector, jobId)) };
    },
  };
}
