import aslValidator from 'asl-validator';
import pMap from 'p-map';
import { deployed, resourcesOf, synthesize } from '../synth';

/*
 * Interprets the part of Amazon States Language that the deployed state machine uses. Anything else throws, so that a
 * change of the definition cannot pass unnoticed.
 */

interface State {
  readonly Type: string;
  readonly [field: string]: unknown;
}
interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts?: number;
}
type Rule = Readonly<Record<string, unknown>>;

const FUNCTION = 'arn:aws:lambda:eu-central-1:111122223333:function:backfill';

/** The definition in the synthesized template. @throws if it is not valid Amazon States Language */
export function deployedMachine(): States {
  const [machine] = resourcesOf(synthesize(), 'AWS::StepFunctions::StateMachine');
  const text = deployed(machine?.Properties['DefinitionString'], (id) =>
    id.startsWith('ConnectorBackfillFunction') ? FUNCTION : `<${id}>`,
  );
  const definition = JSON.parse(text) as States & { readonly TimeoutSeconds: number };
  const { isValid, errorsText } = aslValidator(definition);
  if (!isValid) throw new Error(errorsText());
  return definition;
}

/** An error by the name that Step Functions knows. Its message is the cause. */
export class FunctionError extends Error {
  constructor(
    override readonly name: string,
    message = name,
  ) {
    super(message);
  }
}

/** Result of one execution. */
export interface Execution {
  /** undefined: it failed. */
  readonly output: unknown;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** The function's invocations, in order. */
  readonly invocations: readonly unknown[];
  /** The most invocations that ran at once. */
  readonly atOnce: number;
  /** Characters of the longest input or output of a state. */
  readonly longestPayload: number;
  readonly retries: number;
}

/** Fields that this interpreter implements, or that do not change the result. Any other field is an error. */
const COMMON = ['Type', 'Next', 'End', 'InputPath', 'OutputPath', 'ResultPath', 'QueryLanguage'];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pass: ['Parameters', 'Result'],
  Task: ['Resource', 'Parameters', 'ResultSelector', 'Retry', 'TimeoutSeconds'],
  Map: ['ItemProcessor', 'ItemsPath', 'MaxConcurrencyPath', 'Label'],
  Choice: ['Choices', 'Default'],
  Fail: ['Error', 'Cause'],
  Succeed: [],
};

/** Runs an execution, with `invoke` as the function and without waiting before retries. */
export async function execute(
  machine: States,
  input: object,
  invoke: (payload: unknown) => Promise<unknown>,
): Promise<Execution> {
  const invocations: unknown[] = [];
  let running = 0;
  let stopped = false;
  const run = { atOnce: 0, longestPayload: 0, retries: 0 };

  const call = async (payload: unknown): Promise<unknown> => {
    invocations.push(json(payload));
    run.atOnce = Math.max(run.atOnce, (running += 1));
    try {
      return json(await invoke(payload));
    } finally {
      running -= 1;
    }
  };
  const task = async ({ Retry = [] }: { readonly Retry?: readonly Retrier[] }, payload: unknown): Promise<unknown> => {
    const attempts = new Map<Retrier, number>();
    for (;;) {
      if (stopped) throw new FunctionError('Stopped');
      try {
        return await call(payload);
      } catch (error) {
        const { name } = error as Error;
        const retrier = Retry.find(({ ErrorEquals: names }) => names.includes(name) || names.includes('States.ALL'));
        const made = retrier === undefined ? 0 : (attempts.get(retrier) ?? 0);
        if (retrier === undefined || made >= (retrier.MaxAttempts ?? 3)) throw error;
        attempts.set(retrier, made + 1);
        run.retries += 1;
      }
    }
  };
  const map = async (state: State, whole: unknown): Promise<unknown> => {
    const concurrency = at(whole, state['MaxConcurrencyPath'] as string) as number;
    const items = at(whole, state['ItemsPath'] as string) as readonly unknown[];
    try {
      return await pMap(items, (item) => states(state['ItemProcessor'] as States, item), { concurrency });
    } catch {
      stopped = true;
      throw new FunctionError(
        'States.ExceedToleratedFailureThreshold',
        'The tolerated failure threshold was exceeded.',
      );
    }
  };
  const resultOf = (state: State, effective: unknown): unknown => {
    const payload = 'Parameters' in state ? template(state['Parameters'], effective) : effective;
    if (state.Type === 'Task') return task(state as { Retry?: Retrier[] }, payload);
    if (state.Type === 'Map') return map(state, effective);
    return 'Result' in state ? state['Result'] : payload;
  };
  const states = async ({ StartAt, States: all }: States, given: unknown): Promise<unknown> => {
    let data = given;
    for (let name: string | undefined = StartAt; name !== undefined;) {
      const state: State | undefined = all[name];
      if (state === undefined) throw new Error(`no state ${name}`);
      const unknown = Object.keys(state).filter((field) => ![...COMMON, ...(FIELDS[state.Type] ?? [])].includes(field));
      if (
        FIELDS[state.Type] === undefined ||
        unknown.length > 0 ||
        (state['QueryLanguage'] ?? 'JSONPath') !== 'JSONPath'
      )
        throw new Error(`${name}: ${state.Type} ${unknown.join()} is no part of the deployed state machine`);
      if (state.Type === 'Fail') throw new FunctionError(state['Error'] as string, state['Cause'] as string);
      run.longestPayload = Math.max(run.longestPayload, JSON.stringify(data).length);
      if (state.Type === 'Choice') {
        const chosen = (state['Choices'] as Rule[]).find((rule) => holds(rule, data));
        name = (chosen?.['Next'] ?? state['Default']) as string;
        continue;
      }
      const effective = path(state, 'InputPath', data);
      let result = await resultOf(state, effective);
      if ('ResultSelector' in state) result = template(state['ResultSelector'], result);
      data = path(state, 'OutputPath', put(data, state['ResultPath'] as string | null | undefined, result));
      run.longestPayload = Math.max(run.longestPayload, JSON.stringify(data).length);
      name = state['Next'] as string | undefined;
    }
    return data;
  };

  const ended = await states(machine, json(input)).then(
    (output) => ({ output, error: undefined, cause: undefined }),
    (error: unknown) => {
      if (!(error instanceof FunctionError)) throw error;
      return { output: undefined, error: error.name, cause: error.message };
    },
  );
  return { ...ended, invocations, ...run };
}

/** As Lambda and Step Functions transfer a value. */
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The value at a reference path such as `$.plan.slices`; undefined if it is missing. */
function find(data: unknown, reference: string): unknown {
  if (!/^\$(\.\w+)*$/.test(reference)) throw new Error(`${reference} is no reference path that the state machine uses`);
  return reference
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | null)?.[name], data);
}

function at(data: unknown, reference: string): unknown {
  const value = find(data, reference);
  if (value === undefined) throw new FunctionError('States.Runtime', `there is no ${reference}`);
  return value;
}

function path(state: State, field: 'InputPath' | 'OutputPath', data: unknown): unknown {
  const reference = state[field] as string | null | undefined;
  return reference === null ? {} : at(data, reference ?? '$');
}

function put(data: unknown, reference: string | null | undefined, result: unknown): unknown {
  if (reference === null) return data;
  if (reference === undefined || reference === '$') return result;
  if (!/^\$\.\w+$/.test(reference)) throw new Error(`${reference} is no reference path that the state machine uses`);
  return { ...(data as object), [reference.slice(2)]: result };
}

/** Evaluates `Parameters` or a `ResultSelector`: paths, and `States.JsonMerge` of two paths. */
function template(fields: unknown, data: unknown): unknown {
  const evaluate = (expression: string): unknown => {
    const [, one, other] = /^States\.JsonMerge\(([^,]+), ([^,]+), false\)$/.exec(expression) ?? [];
    if (one === undefined || other === undefined) return at(data, expression);
    return { ...(at(data, one) as object), ...(at(data, other) as object) };
  };
  return Object.fromEntries(
    Object.entries(fields as object).map(([name, value]: [string, unknown]) =>
      name.endsWith('.$') ? [name.slice(0, -2), evaluate(value as string)] : [name, value],
    ),
  );
}

function holds({ Variable: reference = '$', ...rule }: Rule, data: unknown): boolean {
  const tests = Object.entries(rule).filter(([name]) => name !== 'Next');
  const [[operator, operand] = ['', undefined]] = tests;
  if (tests.length > 1) throw new Error(`a choice of several tests: ${tests.join()}`);
  if (operator === 'Not') return !holds(operand as Rule, data);
  if (operator === 'And') return (operand as Rule[]).every((rule) => holds(rule, data));
  if (operator === 'IsPresent') return (find(data, reference as string) !== undefined) === operand;
  const value = at(data, reference as string);
  switch (operator) {
    case 'IsNull':
      return (value === null) === operand;
    case 'IsNumeric':
      return (typeof value === 'number') === operand;
    case 'BooleanEquals':
      return value === operand;
    case 'NumericGreaterThanEquals':
      return typeof value === 'number' && value >= (operand as number);
    case 'NumericLessThanEquals':
      return typeof value === 'number' && value <= (operand as number);
    default:
      throw new Error(`${operator} is no comparison that the state machine uses`);
  }
}
