import fc from 'fast-check';
import {
  BACKFILL_ERROR,
  BACKFILL_STATE,
  DEFAULT_CONCURRENCY,
  MAX_CONCURRENCY,
  MAX_SLICES,
  type BackfillPlan,
  type SliceInvocation,
} from '../../../lib/contract/backfill';
import { deployedMachine, execute, FunctionError, type Execution } from './machine';

const machine = deployedMachine();
const job = { connector: 'a'.repeat(32), jobId: `bf-${'b'.repeat(32)}`, force: false, dryRun: false };
const TOO_MANY_FAILED = 'States.ExceedToleratedFailureThreshold';

/** Result of one invocation of a slice: done, partly done, or an error of this name. */
type Step = 'done' | 'part' | { readonly fails: string };

function plan(slices: number): BackfillPlan {
  const at = (hour: number) => new Date(Date.UTC(2026, 8, 1, hour)).toISOString();
  return {
    ...job,
    dialect: 'configuration',
    from: at(0),
    until: at(slices),
    notes: [],
    slices: Array.from({ length: slices }, (_, slice) => ({
      action: 'slice',
      ...job,
      slice,
      from: at(slice),
      until: at(slice + 1),
    })),
  };
}

interface Run extends Execution {
  /** Invocations of each slice. */
  readonly tries: readonly number[];
  /** Slices that were done when the report was requested; undefined: it was not. */
  readonly doneAtReport: number | undefined;
}

/** Runs an execution in which each slice takes its steps in turn, and repeats the last one. */
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
    if (invocation.action === 'plan') return planned;
    if (invocation.action === 'slice') {
      expect(invocation).toEqual(planned.slices[invocation.slice]);
      return work(invocation);
    }
    doneAtReport = done.size;
    return { jobId: job.jobId, slice: null, done: done.size === slices.length };
  });
  return { ...execution, tries, doneAtReport };
}

const times = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);

it('plans, runs every slice until it is done, and ends with one report', async () => {
  const { output, invocations, tries } = await run(
    [['done'], ['part', 'part', 'done'], ['done'], [...times(20, 'part'), 'done']],
    { request: { from: '2026-09-01T00:00:00Z', force: true } },
  );
  expect(output).toEqual({ jobId: job.jobId, slice: null, done: true });
  expect(tries).toEqual([1, 3, 1, 21]);
  expect(invocations[0]).toEqual({ action: 'plan', from: '2026-09-01T00:00:00Z', force: true });
  expect(invocations.at(-1)).toEqual({ action: 'report', connector: job.connector, jobId: job.jobId });
  expect(invocations).toHaveLength(1 + 26 + 1);
});

it.each([
  [DEFAULT_CONCURRENCY, { request: {} }],
  [1, { request: {}, concurrency: 1 }],
  [7, { request: {}, concurrency: 7 }],
])('runs %i slices at once for %j', async (concurrency, input) => {
  const many = Array.from({ length: 12 }, (): Step[] => ['part', 'done']);
  expect(await run(many, input)).toMatchObject({ atOnce: concurrency, output: { done: true } });
});

it.each([
  ['no request', { last: 'P1D' }],
  ['concurrency 0', { request: {}, concurrency: 0 }],
  ['a concurrency over the maximum', { request: {}, concurrency: MAX_CONCURRENCY + 1 }],
  ['a concurrency that is a string', { request: {}, concurrency: '4' }],
])('rejects %s before any invocation', async (_what, input) => {
  expect(await run([['done']], input)).toMatchObject({ error: 'InvalidInput', invocations: [] });
});

it('plans, whatever action the request names', async () => {
  const { invocations } = await run([['done']], { request: { action: 'redrive', last: 'P1D' } });
  expect(invocations[0]).toEqual({ action: 'plan', last: 'P1D' });
});

describe('a slice that fails', () => {
  it.each([
    ...Object.values(BACKFILL_ERROR),
    'Lambda.TooManyRequestsException',
    'Lambda.ServiceException',
    'Sandbox.Timedout',
    'Runtime.ExitError',
  ])('with %s is retried, and the other slices continue', async (fails) => {
    expect(await run([['done'], [{ fails }, 'part', { fails }, { fails }, 'done'], ['part', 'done']])).toMatchObject({
      output: { done: true },
      tries: [1, 5, 2],
      retries: 3,
    });
  });

  it.each([
    ['after 10 retries', BACKFILL_ERROR.failed, 11],
    ['after 50 retries if it is busy', BACKFILL_ERROR.busy, 51],
    ['without a retry if its input is invalid', 'InvalidInput', 1],
  ])('fails the execution %s, without a report', async (_when, fails, tries) => {
    expect(await run([['done'], [{ fails }], ['done']])).toMatchObject({
      output: undefined,
      error: TOO_MANY_FAILED,
      doneAtReport: undefined,
      tries: [1, tries, 1],
    });
  });

  it('has all its retries again after each part', async () => {
    const fails = times(10, { fails: BACKFILL_ERROR.failed });
    expect(await run([[...fails, 'part', ...fails, 'done']])).toMatchObject({ output: { done: true } });
  });

  it('is retried with growing delays, up to a maximum, and with jitter', () => {
    const map = machine.States[BACKFILL_STATE.slices]?.['ItemProcessor'] as typeof machine;
    expect(map.States[BACKFILL_STATE.slice]?.['Retry']).toEqual([
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
});

it.each([
  [TOO_MANY_FAILED, 'a slice that is not done has no next invocation', { done: false, next: null }, { done: true }],
  ['JobIncomplete', 'the report says that the job is not done', { done: true, next: null }, { done: false }],
])('fails with %s if %s', async (error, _when, slice, report) => {
  const answers: Readonly<Record<string, object>> = { plan: plan(1), slice, report };
  const ended = await execute(machine, { request: {} }, (payload) =>
    Promise.resolve(answers[(payload as { action: string }).action]),
  );
  expect(ended.error).toBe(error);
});

it('passes less than the 256 KiB that Step Functions allows, with the longest plan', async () => {
  const { longestPayload, output } = await run(
    Array.from({ length: MAX_SLICES }, (): Step[] => ['done']),
    { request: { connector: job.connector }, concurrency: MAX_CONCURRENCY },
  );
  expect(output).toMatchObject({ done: true });
  expect(longestPayload).toBeGreaterThan(MAX_SLICES * 100);
  expect(longestPayload).toBeLessThan(256 * 1024);
});

it('ends with a report of slices that are all done, or fails', async () => {
  const failure = fc.constantFrom('BackfillBusy', 'BackfillFailed', 'InvalidInput', 'Lambda.SdkClientException');
  const step = fc.oneof(
    fc.constant<Step>('part'),
    failure.map((fails): Step => ({ fails })),
  );
  const last = fc.constantFrom<Step>('done', 'done', 'done', { fails: 'BackfillFailed' });
  const slice = fc.tuple(fc.array(step, { maxLength: 14 }), last).map(([steps, end]) => [...steps, end]);
  const slices = fc.array(slice, { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(slices, fc.integer({ min: 1, max: 8 }), async (all, concurrency) => {
      const { output, error, doneAtReport, atOnce } = await run(all, { request: {}, concurrency });
      expect(atOnce).toBeLessThanOrEqual(concurrency);
      if (error !== undefined) expect(doneAtReport).toBeUndefined();
      else expect({ output, doneAtReport }).toMatchObject({ output: { done: true }, doneAtReport: all.length });
    }),
    { numRuns: 60 },
  );
});
