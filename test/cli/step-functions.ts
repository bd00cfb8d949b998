import * as z from 'zod/mini';
import { BACKFILL_STATE } from '../../lib/contract/backfill';

/** A slice that failed finally. */
export interface FailedSlice {
  readonly input: unknown;
  readonly error: string;
  readonly cause: string;
}

/** An execution, which its state machine changes. */
export interface LocalExecution {
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  /** undefined before it is made. */
  plan?: unknown;
  output?: unknown;
  error?: string;
  cause?: string;
  failedSlices?: readonly FailedSlice[];
}

/** Runs a started execution by changing it. */
export type LocalStateMachine = (input: unknown, execution: LocalExecution) => void;
export type StateMachines = Readonly<Record<string, LocalStateMachine>>;

interface Answer {
  readonly status: 200 | 400;
  readonly answer: object;
}

const asked = z.object({
  stateMachineArn: z.optional(z.string()),
  executionArn: z.optional(z.string()),
  mapRunArn: z.optional(z.string()),
  name: z.optional(z.string()),
  input: z.optional(z.string()),
});

/** The operations of AWS Step Functions that the command uses, with the errors of its API reference. */
export function startsStepFunctions(machines: StateMachines): (operation: string, body: unknown) => Answer {
  const executions = new Map<string, { readonly input: string; readonly execution: LocalExecution }>();
  const done = (answer: object): Answer => ({ status: 200, answer });
  const refused = (type: string, message: string): Answer => ({ status: 400, answer: { __type: type, message } });

  const start = (stateMachineArn: string, name: string, input: string): Answer => {
    const machine = machines[stateMachineArn];
    if (machine === undefined)
      return refused('StateMachineDoesNotExist', `State Machine Does Not Exist: '${stateMachineArn}'`);
    if (!/^[\w-]{1,80}$/.test(name)) return refused('InvalidName', `Invalid Name: '${name}'`);
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = executions.get(executionArn);
    if (known !== undefined && known.input !== input)
      return refused('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
    if (known === undefined) {
      const execution: LocalExecution = { status: 'RUNNING' };
      executions.set(executionArn, { input, execution });
      machine(JSON.parse(input), execution);
    }
    return done({ executionArn, startDate: 1_700_000_000 });
  };

  return (operation, body) => {
    const { stateMachineArn = '', executionArn = '', mapRunArn = '', name = '', input = '' } = z.parse(asked, body);
    if (operation === 'StartExecution') return start(stateMachineArn, name, input);
    const [parent = '', failedAt] = (mapRunArn === '' ? executionArn : mapRunArn).split('#');
    const known = executions.get(parent);
    if (known === undefined) return refused('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
    const { status, plan, output, error, cause, failedSlices = [] } = known.execution;
    const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
    switch (operation) {
      case 'DescribeExecution': {
        const failed = failedAt === undefined ? undefined : failedSlices[Number(failedAt)];
        if (failed !== undefined)
          return done({
            executionArn,
            status: 'FAILED',
            input: json(failed.input),
            error: failed.error,
            cause: failed.cause,
          });
        return done({ executionArn, status, input: known.input, output: json(output), error, cause });
      }
      case 'GetExecutionHistory': {
        const exited = {
          id: 2,
          type: 'TaskStateExited',
          timestamp: 1_700_000_000,
          stateExitedEventDetails: { name: BACKFILL_STATE.plan, output: json({ plan }) },
        };
        return done({
          events: [
            { id: 1, type: 'ExecutionStarted', timestamp: 1_700_000_000 },
            ...(plan === undefined ? [] : [exited]),
          ],
        });
      }
      case 'ListMapRuns':
        return done({
          mapRuns: [{ executionArn, mapRunArn: `${executionArn}#`, stateMachineArn: 'arn', startDate: 1_700_000_000 }],
        });
      case 'ListExecutions':
        return done({
          executions: failedSlices.map((_, at) => ({
            executionArn: `${parent}#${at}`,
            stateMachineArn: 'arn',
            name: String(at),
            status: 'FAILED',
            startDate: 1_700_000_000,
          })),
        });
      default:
        return refused('UnknownOperationException', operation);
    }
  };
}
