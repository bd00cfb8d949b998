import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  DistributedMap,
  Errors,
  Fail,
  JitterType,
  JsonPath,
  Pass,
  Result,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { IChainable, RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { LambdaInvokeJsonPathProps } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { BACKFILL_ERROR } from '../lib/contract/backfill';
import { BACKFILL_STATE, DEFAULT_CONCURRENCY, MAX_CONCURRENCY } from '../lib/contract/backfill-workflow';

/** Label of the map run: part of the ARN of each slice's execution. */
export const SLICES = 'slices';

/** A little more than Lambda gives an invocation: what hangs beyond it has lost its answer. */
const TASK_TIMEOUT = Timeout.duration(Duration.minutes(16));

/** In this order: the first that knows the error decides. */
const RETRIES: readonly RetryProps[] = [
  { errors: ['InvalidInput'], maxAttempts: 0 },
  // About four hours: a slice that another invocation holds, or that Tailscale has asked to wait, is not lost.
  {
    errors: [BACKFILL_ERROR.busy, BACKFILL_ERROR.waiting],
    interval: Duration.minutes(1),
    backoffRate: 1.5,
    maxDelay: Duration.minutes(5),
    maxAttempts: 50,
  },
  // Throttling, Lambda's own failures, and whatever else the function reports: 40 minutes at most.
  {
    errors: [Errors.ALL],
    interval: Duration.seconds(5),
    backoffRate: 2,
    maxDelay: Duration.minutes(10),
    maxAttempts: 10,
    jitterStrategy: JitterType.FULL,
  },
];

/** Plan, slices side by side, report. What passes between the states stays small: the function keeps each slice's report in the table. */
export function backfillStates(scope: Construct, backfill: IFunction): IChainable {
  const wrong = new Fail(scope, 'Wrong input', {
    error: 'InvalidInput',
    cause: `The input must be {"request":{...},"concurrency":n}, where request is what the function plans, and n is a whole number from 1 to ${MAX_CONCURRENCY}, ${DEFAULT_CONCURRENCY} if left out.`,
  });
  const merge = Pass.jsonPath(scope, 'Ask for a plan', {
    parameters: {
      asked: JsonPath.jsonMerge(JsonPath.objectAt('$.request'), JsonPath.objectAt('$.action')),
      concurrency: JsonPath.numberAt('$.concurrency'),
    },
  });
  const ask = Pass.jsonPath(scope, 'Name the action', {
    result: Result.fromObject({ action: 'plan' }),
    resultPath: '$.action',
  }).next(merge);
  const byDefault = Pass.jsonPath(scope, 'Default concurrency', {
    result: Result.fromNumber(DEFAULT_CONCURRENCY),
    resultPath: '$.concurrency',
  }).next(ask);
  merge
    .next(invoke(scope, BACKFILL_STATE.plan, backfill, { inputPath: '$.asked', resultPath: '$.plan' }))
    .next(slices(scope, backfill))
    .next(report(scope, backfill));
  return new Choice(scope, 'Is the input right?')
    .when(Condition.not(Condition.isPresent('$.request')), wrong)
    .when(Condition.not(Condition.isPresent('$.concurrency')), byDefault)
    .when(
      Condition.and(
        Condition.isNumeric('$.concurrency'),
        Condition.numberGreaterThanEquals('$.concurrency', 1),
        Condition.numberLessThanEquals('$.concurrency', MAX_CONCURRENCY),
      ),
      ask,
    )
    .otherwise(wrong);
}

function slices(scope: Construct, backfill: IFunction): DistributedMap {
  const map = DistributedMap.jsonPath(scope, BACKFILL_STATE.slices, {
    label: SLICES,
    // Express executions end after five minutes.
    mapExecutionType: StateMachineType.STANDARD,
    itemsPath: '$.plan.slices',
    maxConcurrencyPath: '$.concurrency',
    toleratedFailurePercentage: 0,
    resultPath: JsonPath.DISCARD,
  });
  // Selected, so that counts by action do not pile up in the execution's history.
  const run = invoke(scope, BACKFILL_STATE.slice, backfill, {
    resultSelector: { done: JsonPath.objectAt('$.done'), next: JsonPath.objectAt('$.next') },
  });
  const goOn = Pass.jsonPath(scope, 'Go on from there', { inputPath: '$.next' }).next(run);
  run.next(
    new Choice(scope, 'Is the slice done?')
      .when(
        Condition.booleanEquals('$.done', true),
        Succeed.jsonPath(scope, 'Slice done', { outputPath: JsonPath.DISCARD }),
      )
      .when(Condition.not(Condition.isNull('$.next')), goOn)
      .otherwise(
        new Fail(scope, 'Slice lost', {
          error: 'SliceLost',
          cause: 'The function named no way to go on with a slice that is not done.',
        }),
      ),
  );
  map.itemProcessor(run);
  return map;
}

function report(scope: Construct, backfill: IFunction): IChainable {
  const payload = TaskInput.fromObject({
    action: 'report',
    connector: JsonPath.stringAt('$.plan.connector'),
    jobId: JsonPath.stringAt('$.plan.jobId'),
  });
  return invoke(scope, BACKFILL_STATE.report, backfill, { payload }).next(
    new Choice(scope, 'Is all of it done?')
      .when(Condition.booleanEquals('$.done', true), new Succeed(scope, 'Done'))
      .otherwise(
        new Fail(scope, 'Job incomplete', {
          error: 'JobIncomplete',
          cause: 'Every slice ended well, but the report says that the job is not done.',
        }),
      ),
  );
}

function invoke(
  scope: Construct,
  name: string,
  backfill: IFunction,
  props: Partial<LambdaInvokeJsonPathProps>,
): LambdaInvoke {
  const task = LambdaInvoke.jsonPath(scope, name, {
    ...props,
    lambdaFunction: backfill,
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    taskTimeout: TASK_TIMEOUT,
  });
  for (const retry of RETRIES) task.addRetry(retry);
  return task;
}
