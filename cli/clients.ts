import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import * as z from 'zod/mini';
import { BACKFILL_STATE } from '../lib/contract/backfill';
import type { Clock } from '../lib/domain/deadline';
import { createJobReader } from '../lib/operator/backfill-progress';
import { createRewinder } from '../lib/operator/rewind';
import { createStatusReader } from '../lib/operator/status';
import { calling, type Call } from './calling';
import { CliError, type Aws, type SliceFailure, type Workflow } from './cli';

/** Milliseconds one call to the table may take. */
const TABLE_TIMEOUT = { remaining: () => 30_000, untilNear: () => 30_000, isNear: () => false, isOver: () => false };

/** Failed slices to show: often all have the same cause. */
const FAILURES_SHOWN = 5;

const invocationError = z.object({ errorMessage: z.string() });
const planned = z.object({ plan: z.unknown() });

/** AWS with the SDK's defaults: region, credentials and endpoint come from the environment. */
export function wire(clock: Clock): Aws {
  const cloudFormation = new CloudFormationClient();
  // No retry: it would be a second invocation while the first one may still run.
  const lambda = new LambdaClient({ maxAttempts: 1 });
  const dynamoDb = new DynamoDBClient();
  const table = (name: string) => ({ table: { client: dynamoDb, name }, clock, deadline: TABLE_TIMEOUT });
  const onTable = (name: string, action: string): Call => ({
    resource: `the table "${name}"`,
    action,
    missing: 'ResourceNotFoundException',
  });
  return {
    stackOutputs: (stack) =>
      calling(
        cloudFormation,
        { resource: `the stack "${stack}"`, action: 'cloudformation:DescribeStacks', missing: 'ValidationError' },
        async () => {
          const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
          return Object.fromEntries(
            (found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
          );
        },
      ),
    invoke: (functionName, payload) => {
      const resource = `the function "${functionName}"`;
      const call = { resource, action: 'lambda:InvokeFunction', missing: 'ResourceNotFoundException' };
      return calling(lambda, call, async () => {
        const { FunctionError, Payload } = await lambda.send(
          new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) }),
        );
        const answer: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
        if (FunctionError === undefined) return answer;
        const failed = z.safeParse(invocationError, answer);
        throw new CliError(failed.success ? failed.data.errorMessage : `${resource} failed; see its log`);
      });
    },
    rewinder: (name) => {
      const rewinder = createRewinder(table(name));
      const call = onTable(name, 'dynamodb:GetItem and dynamodb:UpdateItem');
      return {
        look: (connector) => calling(dynamoDb, call, () => rewinder.look(connector)),
        rewind: (connector, to) => calling(dynamoDb, call, () => rewinder.rewind(connector, to)),
      };
    },
    statusReader: (name) => {
      const reader = createStatusReader(table(name));
      const call = onTable(name, 'dynamodb:Query');
      return { read: (connector) => calling(dynamoDb, call, () => reader.read(connector)) };
    },
    jobReader: (name) => {
      const reader = createJobReader(table(name));
      const call = onTable(name, 'dynamodb:Query');
      return { slices: (connector, jobId) => calling(dynamoDb, call, () => reader.slices(connector, jobId)) };
    },
    workflow: (stateMachineArn) => createWorkflow(new SFNClient(), stateMachineArn),
  };
}

function createWorkflow(client: SFNClient, stateMachineArn: string): Workflow {
  const executionArn = (name: string) => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const onExecution = (name: string, action: string): Call => ({
    resource: `the backfill "${name}"`,
    action,
    missing: 'ExecutionDoesNotExist',
  });
  const describe = async (arn: string | undefined) => {
    const execution = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
    const { status = 'RUNNING', input, output, error, cause } = execution;
    return { status, input: parsed(input), output: parsed(output), error: error ?? null, cause: cause ?? null };
  };
  return {
    executionArn,
    start: (name, input) => {
      const resource = `the state machine "${stateMachineArn}"`;
      const call = { resource, action: 'states:StartExecution', missing: 'StateMachineDoesNotExist' };
      return calling(client, call, async () => {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      });
    },
    describe: (name) =>
      calling(client, onExecution(name, 'states:DescribeExecution'), () => describe(executionArn(name))),
    planOf: (name) =>
      calling(client, onExecution(name, 'states:GetExecutionHistory'), async () => {
        const query = { executionArn: executionArn(name), includeExecutionData: true };
        for await (const { events = [] } of paginateGetExecutionHistory({ client }, query)) {
          const exit = events.find(({ stateExitedEventDetails: details }) => details?.name === BACKFILL_STATE.plan);
          if (exit !== undefined) return z.parse(planned, parsed(exit.stateExitedEventDetails?.output)).plan;
        }
        return undefined;
      }),
    failuresOf: (name) => {
      const action = 'states:ListMapRuns, states:ListExecutions and states:DescribeExecution';
      return calling(client, onExecution(name, action), async () => {
        const { mapRuns: [run] = [] } = await client.send(new ListMapRunsCommand({ executionArn: executionArn(name) }));
        if (run?.mapRunArn === undefined) return [];
        const { executions = [] } = await client.send(
          new ListExecutionsCommand({ mapRunArn: run.mapRunArn, statusFilter: 'FAILED', maxResults: FAILURES_SHOWN }),
        );
        return Promise.all(
          executions.map(async (one): Promise<SliceFailure> => {
            const { input, error, cause } = await describe(one.executionArn);
            return { input, error: error ?? '', cause: cause ?? '' };
          }),
        );
      });
    },
  };
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json);
}
