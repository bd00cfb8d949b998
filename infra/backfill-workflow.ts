import { ArnFormat, Duration, Names, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { backfillStates, SLICES } from './backfill-states';

export interface BackfillWorkflowProps {
  /** Plans the range, runs a slice, makes the report. */
  readonly function: IFunction;
  readonly logRetention: RetentionDays;
}

/** Longer than 90 days of a busy tailnet take; ends an execution that makes no progress. */
const TIMEOUT = Duration.days(7);

/**
 * Runs a long backfill: concurrent slices of the range, each with its own retries, and a report at the end. The input is
 * `{"request":{"last":"P30D"},"concurrency":4}`, where `request` has the fields of the function's plan.
 *
 * A redrive of a failed execution runs only the slices that are not done.
 */
export class BackfillWorkflow extends Construct {
  readonly stateMachine: StateMachine;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: BackfillWorkflowProps) {
    super(scope, id);
    // Log groups with this prefix share one entry of the log resource policy, whose size is limited to 5120 characters.
    const logGroupName = `/aws/vendedlogs/states/${Names.uniqueResourceName(this, { maxLength: 80, separator: '-' })}`;
    const destination = new LogGroup(this, 'Logs', {
      logGroupName,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: 'Tailscale audit log to EventBridge: runs long backfills',
    });
    this.allowTasks(props.function);
    this.allowLogAndTrace();
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      comment: 'Backfills a range of the Tailscale audit log, slice by slice',
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(backfillStates(this, props.function)),
      // CDK would also allow every version of the function; the policies below are exact.
      role: this.role.withoutPolicyUpdates(),
      timeout: TIMEOUT,
      logs: { destination, level: LogLevel.ALL, includeExecutionData: true },
      tracingEnabled: true,
    });
    this.allowMapRuns();
  }

  private allowTasks(backfill: IFunction): void {
    this.role.addToPolicy(
      new PolicyStatement({ sid: 'Slices', actions: ['lambda:InvokeFunction'], resources: [backfill.functionArn] }),
    );
  }

  private allowLogAndTrace(): void {
    this.role.addToPolicy(
      new PolicyStatement({
        sid: 'Log',
        actions: [
          'logs:CreateLogDelivery',
          'logs:GetLogDelivery',
          'logs:UpdateLogDelivery',
          'logs:DeleteLogDelivery',
          'logs:ListLogDeliveries',
          'logs:PutResourcePolicy',
          'logs:DescribeResourcePolicies',
          'logs:DescribeLogGroups',
        ],
        resources: ['*'],
      }),
    );
    this.role.addToPolicy(
      new PolicyStatement({
        sid: 'Trace',
        actions: [
          'xray:PutTraceSegments',
          'xray:PutTelemetryRecords',
          'xray:GetSamplingRules',
          'xray:GetSamplingTargets',
        ],
        resources: ['*'],
      }),
    );
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'Log delivery of Step Functions and X-Ray do not support resources: AWS documents these actions with * only.',
    });
  }

  /** A separate policy, because it names the state machine, which depends on the role's own policy. */
  private allowMapRuns(): void {
    const { stateMachineArn } = this.stateMachine;
    const stack = Stack.of(this);
    const name = stack.splitArn(stateMachineArn, ArnFormat.COLON_RESOURCE_NAME).resourceName ?? '';
    const executions = [name, `${name}/${SLICES}`].map((parent) =>
      stack.formatArn({
        service: 'states',
        resource: 'execution',
        resourceName: `${parent}:*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
    new Policy(this, 'MapRuns', {
      roles: [this.role],
      statements: [
        new PolicyStatement({ sid: 'StartSlices', actions: ['states:StartExecution'], resources: [stateMachineArn] }),
        new PolicyStatement({
          sid: 'EndSlices',
          actions: ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
          resources: executions,
        }),
      ],
    });
    const nameInFindings = JSON.stringify(stack.resolve(name));
    for (const executionsOf of ['', `/${SLICES}`]) {
      Validations.of(this).acknowledge({
        id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${nameInFindings}${executionsOf}:*]`,
        reason: 'An execution gets its name when it starts: these are the executions of this state machine only.',
      });
    }
  }
}
