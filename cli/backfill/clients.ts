import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import * as z from 'zod/mini';
import { BACKFILL_STATE } from '../../lib/contract/backfill-workflow';
import { calling } from '../calling';
import type { SliceFailure, Workflow } from './workflow';

/** Failed slices that are asked for: often all of them fail for one reason. */
const FAILURES_SHOWN = 5;

const planned = z.object({ plan: z.unknown() });

/** AWS Step Functions by the SDK's own rules. */
export function wireWorkflow(stateMachineArn: string): Workflow {
  const client = new SFNClient();
  const executionArn = (name: string) => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const machine = {
    what: `the state machine "${stateMachineArn}"`,
    action: 'states:StartExecution',
    missing: 'StateMachineDoesNotExist',
  };
  const execution = (name: string, action: string) => ({
    what: `the backfill "${name}"`,
    action,
    missing: 'ExecutionDoesNotExist',
  });

  return {
    executionArn,
    start: (name, input) =>
      calling(client, machine, async () => {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      }),
    look: (name) =>
      calling(client, execution(name, 'states:DescribeExecution'), async () => {
        const {
          status = 'RUNNING',
          output,
          error,
          cause,
        } = await client.send(new DescribeExecutionCommand({ executionArn: executionArn(name) }));
        return { status, output: parsed(output), error: error ?? null, cause: cause ?? null };
      }),
    planOf: (name) =>
      calling(client, execution(name, 'states:GetExecutionHistory'), async () => {
        for await (const { events = [] } of paginateGetExecutionHistory(
          { client },
          { executionArn: executionArn(name), includeExecutionData: true },
        )) {
          const left = events.find(({ stateExitedEventDetails: details }) => details?.name === BACKFILL_STATE.plan);
          if (left !== undefined) return z.parse(planned, parsed(left.stateExitedEventDetails?.output)).plan;
        }
        return undefined;
      }),
    failuresOf: (name) =>
      calling(
        client,
        execution(name, 'states:ListMapRuns, states:ListExecutions and states:DescribeExecution'),
        async () => {
          const { mapRuns: [run] = [] } = await client.send(
            new ListMapRunsCommand({ executionArn: executionArn(name) }),
          );
          if (run?.mapRunArn === undefined) return [];
          const { executions = [] } = await client.send(
            new ListExecutionsCommand({ mapRunArn: run.mapRunArn, statusFilter: 'FAILED', maxResults: FAILURES_SHOWN }),
          );
          return Promise.all(
            executions.map(async (one): Promise<SliceFailure> => {
              const {
                input,
                error = '',
                cause = '',
              } = await client.send(new DescribeExecutionCommand({ executionArn: one.executionArn }));
              return { input: parsed(input), error, cause };
            }),
          );
        },
      ),
  };
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json);
}
