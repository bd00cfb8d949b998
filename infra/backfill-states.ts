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
import { BACKFILL_ERROR, BACKFILL_STATE, DEFAULT_CONCURRENCY, MAX_CONCURRENCY } from '../lib/contract/backfill';

/** Label of the map run, part of the ARN of each slice's execution. */
export const SLICES = 'slices';

/** A little more than Lambda's own limit of 15 minutes: beyond it the answer is lost. */
const TASK_TIMEOUT = Timeout.duration(Duration.minutes(16));

/** The first entry that names the error applies. */
const RETRIES: readonly RetryProps[] = [
  { errors: ['InvalidInput'], maxAttempts: 0 },
  // For about four hours: another invocation has the lease, or Tailscale rate limits the slice.
  {
    errors: [BACKFILL_ERROR.busy, BACKFILL_ERROR.waiting],
    interval: Duration.minutes(1),
    backoffRate: 1.5,
    maxDelay: Duration.minutes(5),
    maxAttempts: 50,
  },
  // For at most 40 minutes: throttling, failures of Lambda, other errors of the function.
  {
    errors: [Errors.ALL],
    interval: Duration.seconds(5),
    backoffRate: 2,
    maxDelay: Duration.minutes(10),
    maxAttempts: 10,
    jitterStrategy: JitterType.FULL,
  },
];

/** Plan, concurrent slices, report. The states pass only ranges: the function keeps each slice's report in the table. */
export function backfillStates(scope: Construct, backfill: IFunction): IChainable {
  const wrong = new Fail(scope, 'Wrong input', {
    error: 'InvalidInput',
    cause: `The input must be {"request":{...},"concurrency":n}, where request is the range to plan, and n is a whole number from 1 to ${MAX_CONCURRENCY} (default: ${DEFAULT_CONCURRENCY}).`,
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
  // Only two fields, so that the counts do not fill the execution's history.
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
          cause: 'The slice is not done, but the function returned no next invocation.',
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
          cause: 'Every slice is done, but the report says that the job is not done.',
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
