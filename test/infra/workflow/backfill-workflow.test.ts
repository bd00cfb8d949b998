import fc from 'fast-check';
import { BACKFILL_ERROR, MAX_SLICES, type BackfillPlan, type SliceInvocation } from '../../../lib/contract/backfill';
import { DEFAULT_CONCURRENCY, MAX_CONCURRENCY } from '../../../lib/contract/backfill-workflow';
import { deployedMachine, execute, FunctionError, mapState, type Execution } from './machine';

const machine = deployedMachine();
const CONNECTOR = 'a'.repeat(32);
const JOB = 'b'.repeat(40);

/** What one invocation of a slice does: it ends it, gets a part of the way, or fails with an error of this name. */
type Step = 'done' | 'part' | { readonly fails: string };

function plan(slices: number): BackfillPlan {
  const at = (hour: number) => new Date(Date.UTC(2026, 8, 1, hour)).toISOString();
  const job = { connector: CONNECTOR, jobId: JOB, force: false, dryRun: false };
  const one = (slice: number): SliceInvocation => ({
    action: 'slice',
    ...job,
    slice,
    from: at(slice),
    until: at(slice + 1),
  });
  return {
    ...job,
    dialect: 'configuration',
    from: at(0),
    until: at(slices),
    notes: [],
    slices: Array.from({ length: slices }, (_, slice) => one(slice)),
  };
}

interface Run extends Execution {
  /** How often each slice was invoked. */
  readonly tries: readonly number[];
  /** Slices that were done when the report was asked for. */
  readonly doneAtReport: number | undefined;
}

/** Runs an execution in which each slice takes its steps in turn, and its last one again and again. */
async function run(slices: readonly (readonly Step[])[], input: object = { request: { last: 'P1D' } }): Promise<Run> {
  const planned = plan(slices.length);
  const tries = slices.map(() => 0);
  const done = new Set<number>();
  let doneAtReport: number | undefined;
  const work = async (invocation: SliceInvocation) => {
    const { slice } = invocation;
    const steps = slices[slice] ?? [];
    const step = steps[Math.min(tries[slice] ?? 0, steps.length - 1)] ?? 'done';
    tries[slice] = (tries[slice] ?? 0) + 1;
    await new Promise(setImmediate);
    if (typeof step === 'object') throw new FunctionError(step.fails);
    if (step === 'done') done.add(slice);
    return {
      ...invocation,
      done: step === 'done',
      next: step === 'done' ? null : invocation,
      byAction: { 'acl:update': 1 },
    };
  };
  const execution = await execute(machine, input, async (payload) => {
    const invocation = payload as SliceInvocation | { readonly action: 'plan' | 'report' };
    if (invocation.action === 'slice') return work(invocation);
    if (invocation.action === 'plan') return planned;
    doneAtReport = done.size;
    return { jobId: JOB, slice: null, done: done.size === slices.length };
  });
  const asPlanned = planned.slices.map((slice) => JSON.stringify(slice));
  for (const invocation of execution.invocations.slice(1)) {
    if ((invocation as SliceInvocation | { action: 'report' }).action === 'slice')
      expect(asPlanned).toContain(JSON.stringify(invocation));
  }
  return { ...execution, tries, doneAtReport };
}

const times = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);

it('plans, runs every slice, follows those that are not done in one go, and ends with one report', async () => {
  const { output, invocations, tries } = await run(
    [['done'], ['part', 'part', 'done'], ['done'], [...times(20, 'part'), 'done']],
    { request: { from: '2026-09-01T00:00:00Z', force: true } },
  );
  expect(output).toEqual({ jobId: JOB, slice: null, done: true });
  expect(tries).toEqual([1, 3, 1, 21]);
  expect(invocations[0]).toEqual({ action: 'plan', from: '2026-09-01T00:00:00Z', force: true });
  expect(invocations.at(-1)).toEqual({ action: 'report', connector: CONNECTOR, jobId: JOB });
  expect(invocations).toHaveLength(1 + 26 + 1);
});

describe('side by side', () => {
  const many = Array.from({ length: 12 }, (): Step[] => ['part', 'done']);

  it(`run ${DEFAULT_CONCURRENCY} slices where nothing is said`, async () => {
    expect((await run(many)).atOnce).toBe(DEFAULT_CONCURRENCY);
  });

  it.each([1, 7])('run %i slices where that is asked for', async (concurrency) => {
    const { atOnce, output } = await run(many, { request: {}, concurrency });
    expect(atOnce).toBe(concurrency);
    expect(output).toMatchObject({ done: true });
  });
});

it.each([
  ['no request', { last: 'P1D' }],
  ['no bound', { request: {}, concurrency: 0 }],
  ['too wide a bound', { request: {}, concurrency: MAX_CONCURRENCY + 1 }],
  ['a bound that is no number', { request: {}, concurrency: '4' }],
])('refuses %s before anything is invoked', async (_what, input) => {
  expect(await run([['done']], input)).toMatchObject({ error: 'InvalidInput', invocations: [] });
});

it('plans whatever action the request may name', async () => {
  const { invocations } = await run([['done']], { request: { action: 'redrive', last: 'P1D' } });
  expect(invocations[0]).toEqual({ action: 'plan', last: 'P1D' });
});

describe('a slice that fails', () => {
  const { state, retries } = mapState(machine);

  it.each([
    BACKFILL_ERROR.busy,
    BACKFILL_ERROR.waiting,
    BACKFILL_ERROR.failed,
    'Lambda.TooManyRequestsException',
    'Lambda.ServiceException',
    'Sandbox.Timedout',
    'Runtime.ExitError',
  ])('with %s is tried again, and the others go on', async (fails) => {
    const {
      output,
      tries,
      retries: retried,
    } = await run([['done'], [{ fails }, 'part', { fails }, { fails }, 'done'], ['part', 'done']]);
    expect(output).toMatchObject({ done: true });
    expect(tries).toEqual([1, 5, 2]);
    expect(retried).toBe(3);
  });

  it('for ever fails the execution under its own error, and no report says otherwise', async () => {
    const { output, error, tries, doneAtReport } = await run([['done'], [{ fails: BACKFILL_ERROR.failed }], ['done']]);
    expect({ output, error, doneAtReport }).toEqual({
      output: undefined,
      error: BACKFILL_ERROR.failed,
      doneAtReport: undefined,
    });
    expect(tries[1]).toBe(11);
  });

  it('has tries of its own after each part that it got done', async () => {
    const { output } = await run([
      [...times(10, { fails: BACKFILL_ERROR.failed }), 'part', ...times(10, { fails: BACKFILL_ERROR.failed }), 'done'],
    ]);
    expect(output).toMatchObject({ done: true });
  });

  it('because it was asked for wrongly is not tried again', async () => {
    const { error, tries } = await run([[{ fails: 'InvalidInput' }]]);
    expect({ error, tries }).toEqual({ error: 'InvalidInput', tries: [1] });
  });

  it('waits longer each time, up to a bound, and not in step with the others', () => {
    expect(retries).toEqual([
      { ErrorEquals: ['InvalidInput'], MaxAttempts: 0 },
      {
        ErrorEquals: ['BackfillBusy', 'BackfillWaiting'],
        IntervalSeconds: 60,
        BackoffRate: 1.5,
        MaxDelaySeconds: 300,
        MaxAttempts: 50,
      },
      {
        ErrorEquals: ['States.ALL'],
        IntervalSeconds: 5,
        BackoffRate: 2,
        MaxDelaySeconds: 600,
        MaxAttempts: 10,
        JitterStrategy: 'FULL',
      },
    ]);
  });

  it('is one too many: nothing is tolerated, as the interpreter has it without being told', () => {
    // What else a map state may have, and the interpreter would pass over, is not there.
    expect(Object.keys(state).sort()).toEqual([
      'ItemProcessor',
      'ItemsPath',
      'Label',
      'MaxConcurrencyPath',
      'Next',
      'QueryLanguage',
      'ResultPath',
      'Type',
    ]);
    expect(state['QueryLanguage']).toBe('JSONPath');
    expect(state.ItemProcessor['ProcessorConfig']).toEqual({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
  });
});

it('fails when a slice is not done and says no way to go on', async () => {
  const planned = plan(1);
  const { error } = await execute(machine, { request: {} }, (payload) =>
    Promise.resolve((payload as { action: string }).action === 'plan' ? planned : { done: false, next: null }),
  );
  expect(error).toBe('SliceLost');
});

it('fails when the report at the end says that the job is not done', async () => {
  const { error } = await execute(machine, { request: {} }, (payload) => {
    const { action } = payload as { action: string };
    return Promise.resolve(
      action === 'plan' ? plan(1) : action === 'slice' ? { done: true, next: null } : { done: false },
    );
  });
  expect(error).toBe('JobIncomplete');
});

it('passes on less than the 256 KiB that Step Functions takes, with the longest plan there can be', async () => {
  const { longestPayload, output } = await run(
    Array.from({ length: MAX_SLICES }, (): Step[] => ['done']),
    { request: { connector: CONNECTOR }, concurrency: MAX_CONCURRENCY },
  );
  expect(output).toMatchObject({ done: true });
  expect(longestPayload).toBeGreaterThan(MAX_SLICES * 100);
  expect(longestPayload).toBeLessThan(256 * 1024);
});

it('ends with a report of slices that are all done, or fails', async () => {
  const step = fc.oneof(
    fc.constant<Step>('part'),
    fc
      .constantFrom('BackfillBusy', 'BackfillFailed', 'InvalidInput', 'Lambda.SdkClientException')
      .map((fails): Step => ({ fails })),
  );
  const slice = fc
    .tuple(
      fc.array(step, { maxLength: 14 }),
      fc.constantFrom<Step>('done', 'done', 'done', { fails: 'BackfillFailed' }),
    )
    .map(([steps, last]) => [...steps, last]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(slice, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 8 }),
      async (slices, concurrency) => {
        const { output, error, doneAtReport, atOnce } = await run(slices, { request: {}, concurrency });
        if (error !== undefined) {
          expect(doneAtReport).toBeUndefined();
          return;
        }
        expect({ output, doneAtReport }).toMatchObject({ output: { done: true }, doneAtReport: slices.length });
        expect(atOnce).toBeLessThanOrEqual(concurrency);
      },
    ),
    { numRuns: 60 },
  );
});
