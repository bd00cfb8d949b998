import { StateMachine, type RunOptions, type StateMachineDefinition } from 'aws-local-stepfunctions';
import * as z from 'zod/mini';
import { BACKFILL_STATE } from '../../../lib/contract/backfill-workflow';
import { parseWith } from '../../../lib/contract/parse';
import { deployed, resourcesOf, synthesize } from '../synth';

// All that the interpreter takes from Node 22. On Node 20 this stands in for it.
if (!('withResolvers' in Promise)) {
  Object.defineProperty(Promise, 'withResolvers', {
    value: () => {
      let settle: object = {};
      const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
      return { promise, ...settle };
    },
  });
}

type Handler = NonNullable<NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']>[string];
type Json = Parameters<Handler>[0];
type Retrier = Readonly<Record<string, unknown>>;

const FUNCTION = 'arn:aws:lambda:eu-central-1:111122223333:function:backfill';

/** A definition, checked, and ready to run. */
export interface Machine {
  readonly definition: StateMachineDefinition;
  readonly interpreter: StateMachine;
}

/** What is deployed, word for word: the definition out of the synthesized template. @throws where it is no valid one. */
export function deployedMachine(): Machine {
  const [machine] = resourcesOf(synthesize(), 'AWS::StepFunctions::StateMachine');
  const text = deployed(machine?.Properties['DefinitionString'], (id) =>
    id.startsWith('ConnectorBackfillFunction') ? FUNCTION : `<${id}>`,
  );
  const definition = JSON.parse(text) as StateMachineDefinition;
  return { definition, interpreter: new StateMachine(definition) };
}

/** The state that runs the slices, as far as tests ask. */
export function mapState({ definition }: Machine) {
  const task = z.object({ Retry: z.array(z.record(z.string(), z.unknown())) });
  const map = z.looseObject({
    ItemProcessor: z.looseObject({ States: z.looseObject({ [BACKFILL_STATE.slice]: task }) }),
  });
  const state = parseWith(map, definition.States[BACKFILL_STATE.slices], 'map state');
  const retries: readonly Retrier[] = parseWith(task, state.ItemProcessor.States[BACKFILL_STATE.slice], 'task').Retry;
  return { state, retries };
}

/** How one execution went. */
export interface Execution {
  /** Its output; undefined: it failed. */
  readonly output: unknown;
  /** Name of the error it failed with. */
  readonly error: string | undefined;
  /** What more that error said. */
  readonly cause: string | undefined;
  /** The function's invocations, in order. */
  readonly invocations: readonly unknown[];
  /** The most invocations that were under way at once. */
  readonly atOnce: number;
  /** Characters: the longest input or output of a state. */
  readonly longestPayload: number;
  readonly retries: number;
}

/** Stands in for the function's errors: Step Functions knows them by name. */
export class FunctionError extends Error {
  constructor(
    override readonly name: string,
    message = name,
  ) {
    super(message);
  }
}

/** Over the wire, as Lambda has it. */
const json = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Runs an execution with `invoke` in the place of the function. Retries wait for nothing. */
export async function execute(
  { interpreter }: Machine,
  input: object,
  invoke: (payload: unknown) => Promise<unknown>,
): Promise<Execution> {
  const invocations: unknown[] = [];
  let underWay = 0;
  let atOnce = 0;
  const handler: Handler = async (payload) => {
    invocations.push(json(payload));
    underWay += 1;
    atOnce = Math.max(atOnce, underWay);
    try {
      return json(await invoke(payload));
    } finally {
      underWay -= 1;
    }
  };
  const tasks = [BACKFILL_STATE.plan, BACKFILL_STATE.slice, BACKFILL_STATE.report];
  const overrides = {
    taskResourceLocalHandlers: Object.fromEntries(tasks.map((name) => [name, handler])),
    retryIntervalOverrides: Object.fromEntries(tasks.map((name) => [name, 0])),
  };
  const { result, eventLogs } = interpreter.run(json(input), { overrides });
  const ended = result.then(
    (output) => ({ output, error: undefined, cause: undefined }),
    (thrown: unknown) => {
      const reason =
        thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : new Error(String(thrown));
      return { output: undefined, error: reason.name, cause: reason.message };
    },
  );
  let longestPayload = 0;
  let retries = 0;
  for await (const event of eventLogs) {
    if (event.type === 'StateRetried') retries += 1;
    if ('state' in event)
      longestPayload = Math.max(
        longestPayload,
        ...[event.state.input, event.state.output ?? null].map((payload) => JSON.stringify(payload).length),
      );
  }
  return { ...(await ended), invocations, atOnce, longestPayload, retries };
}
