import * as z from 'zod/mini';
import { parseWith } from '../../lib/contract/parse';
import { deployed, resourcesOf, synthesize } from './synth';

const template = synthesize();
const MACHINE = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Backfill';
const own = Object.entries(template.Resources).filter(([id]) => id.startsWith('ConnectorWorkflow'));
const physical = (id: string) => (id.startsWith('ConnectorWorkflowStateMachine') ? MACHINE : `<${id}>`);

const policy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(
      z.strictObject({ Sid: z.string(), Effect: z.literal('Allow'), Action: z.unknown(), Resource: z.unknown() }),
    ),
  }),
});

it('allows the workflow exactly what it needs: one function, its own executions, its log and its traces', () => {
  const statements = own
    .filter(([, { Type }]) => Type === 'AWS::IAM::Policy')
    .flatMap(([, { Properties }]) => parseWith(policy, Properties, 'policy').PolicyDocument.Statement);
  const allowed = statements.flatMap(({ Action, Resource }) =>
    [Action]
      .flat()
      .flatMap((action) => [Resource].flat().map((resource) => `${String(action)} ${deployed(resource, physical)}`)),
  );
  const executions = (action: string) =>
    ['Backfill:*', 'Backfill/slices:*'].map(
      (name) => `states:${action} arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${name}`,
    );
  expect(allowed.sort()).toEqual(
    [
      'lambda:InvokeFunction <ConnectorBackfillFunction51F4109C.Arn>',
      `states:StartExecution ${MACHINE}`,
      ...['DescribeExecution', 'StopExecution', 'RedriveExecution'].flatMap(executions),
      ...[
        'CreateLogDelivery',
        'GetLogDelivery',
        'UpdateLogDelivery',
        'DeleteLogDelivery',
        'ListLogDeliveries',
        'PutResourcePolicy',
        'DescribeResourcePolicies',
        'DescribeLogGroups',
      ].map((name) => `logs:${name} *`),
      ...['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets'].map(
        (name) => `xray:${name} *`,
      ),
    ].sort(),
  );
});

it('logs every state and traces every execution', () => {
  expect(resourcesOf(template, 'AWS::StepFunctions::StateMachine').map(({ Properties }) => Properties)).toEqual([
    expect.objectContaining({
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: expect.objectContaining({ Level: 'ALL' }) as unknown,
    }),
  ]);
});

it('has the role of nobody else, which only Step Functions may take on', () => {
  const roles = own
    .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
    .map(([, { Properties }]) => JSON.stringify(Properties['AssumeRolePolicyDocument']));
  expect(roles).toEqual([expect.stringContaining('"states.amazonaws.com"')]);
});

it('is started by hand alone, and found by its output', () => {
  expect(JSON.stringify(resourcesOf(template, 'AWS::Events::Rule'))).not.toContain('ConnectorWorkflow');
  expect(deployed(template.Outputs['BackfillStateMachineArn']?.Value, physical)).toBe(MACHINE);
});
