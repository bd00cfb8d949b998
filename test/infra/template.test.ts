import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as z from 'zod/mini';
import { packageRoot } from '../../infra/tailscale-audit-connector';
import { STACK_OUTPUT } from '../../lib/contract/names';
import { parseWith } from '../../lib/contract/parse';
import { ENV, parseEnvironment } from '../../lib/contract/settings';
import { POLL_PERIOD_SECONDS } from '../../lib/contract/timing';
import { createStack, deployed, FUNCTIONS, partOf, permissionsOf, resourcesOf, synthesize } from './synth';
import type { FunctionName, SynthesizedTemplate } from './synth';

const twoConnectors = [
  { id: 'berlin', tailnet: 'berlin.example.com', secret: { name: 'tailscale/berlin' }, dialect: 'configuration' },
  { id: 'new-york', tailnet: '-' },
] as const;
const arns = {
  bus: 'arn:aws:events:eu-central-1:111122223333:event-bus/shared',
  secret: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:tailscale-AbCdEf',
  key: 'arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000000',
  topic: 'arn:aws:sns:eu-central-1:111122223333:on-call',
};
const templates = {
  'the default': synthesize(),
  'two connectors': synthesize({ connectors: twoConnectors, busName: 'tailnets' }),
  'existing resources': synthesize({
    connectors: [{ id: 'one', tailnet: 'example.com', secret: { arn: arns.secret, keyArn: arns.key } }],
    busArn: arns.bus,
    monitoring: { alarmTopicArn: arns.topic },
    logRetentionDays: 7,
    logLevel: 'DEBUG',
    overlapMinutes: 90,
    severityProfile: 'extended',
    expectedActivity: [{ rule: 'ci', reason: 'validates the policy', actor: 'ci@example.com' }],
    apiUrl: 'https://api.tailscale.example',
  }),
};
const byDefault = templates['the default'];

/** Every action, resource and condition that a function's policy allows, one a line. */
function permissions(template: SynthesizedTemplate, name: FunctionName): string[] {
  return permissionsOf(template, name).map(({ action, resource, condition }) =>
    [action, resource, ...(Object.keys(condition).length === 0 ? [] : [JSON.stringify(condition)])].join(' '),
  );
}

function environmentOf(template: SynthesizedTemplate, name: FunctionName): Record<string, string> {
  const { Properties } = partOf(template, name, 'AWS::Lambda::Function');
  const { Variables } = parseWith(
    z.object({ Variables: z.record(z.string(), z.unknown()) }),
    Properties['Environment'],
    'environment',
  );
  return Object.fromEntries(Object.entries(Variables).map(([variable, value]) => [variable, deployed(value)]));
}

describe.each(Object.entries(templates))('the template for %s', (title, template) => {
  const all = Object.values(template.Resources);
  const text = JSON.stringify(template);

  it('contains no credential and no reference to the value of one', () => {
    expect(text).not.toContain('tskey-');
    expect(text).not.toContain('{{resolve:');
    for (const secret of resourcesOf(template, 'AWS::SecretsManager::Secret'))
      expect(Object.keys(secret.Properties)).toEqual(['Description']);
  });

  it('keeps state, archive and secrets when the stack is deleted', () => {
    const kept = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::SecretsManager::Secret'];
    for (const one of all.filter(({ Type }) => kept.includes(Type))) {
      expect(one).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('protects the table from deletion and backs it up', () => {
    expect(resourcesOf(template, 'AWS::DynamoDB::Table').map((table) => table.Properties)).toEqual([
      expect.objectContaining({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'exp', Enabled: true },
        BillingMode: 'PAY_PER_REQUEST',
      }),
    ]);
  });

  it('keeps the archive private, encrypted and TLS-only, and expires its objects after 400 days', () => {
    const rules = ['claims', 'quarantine'].map((prefix) => ({ Prefix: `${prefix}/`, ExpirationInDays: 400 }));
    expect(resourcesOf(template, 'AWS::S3::Bucket').map((bucket) => bucket.Properties)).toMatchObject([
      {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: { Rules: [...rules, { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }] },
      },
    ]);
    expect(resourcesOf(template, 'AWS::S3::BucketPolicy').map((policy) => policy.Properties)).toMatchObject([
      {
        PolicyDocument: {
          Statement: [{ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
        },
      },
    ]);
  });

  it('turns off no default encryption', () => {
    expect(text).not.toMatch(/"SSEEnabled":false|"KmsKeyId":""|"SseEnabled":false/i);
  });

  it('expires every log', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
    expect(groups).toHaveLength(
      [...resourcesOf(template, 'AWS::Lambda::Function'), ...resourcesOf(template, 'AWS::StepFunctions::StateMachine')]
        .length,
    );
    for (const group of groups) expect(group.Properties['RetentionInDays']).toBeGreaterThan(0);
  });

  it('ends the lease of a killed run before the next tick', () => {
    expect(Number(partOf(template, 'Poll', 'AWS::Lambda::Function').Properties['Timeout']) + 15).toBeLessThan(
      POLL_PERIOD_SECONDS,
    );
  });

  it('gives a manual invocation the maximum time, and only the poll a schedule', () => {
    expect(partOf(template, 'Backfill', 'AWS::Lambda::Function').Properties).toMatchObject({
      Timeout: 900,
      MemorySize: 512,
    });
    for (const rule of resourcesOf(template, 'AWS::Events::Rule'))
      expect(JSON.stringify(rule.Properties['Targets'])).toContain('ConnectorPollFunction');
    for (const permission of resourcesOf(template, 'AWS::Lambda::Permission'))
      expect(deployed(permission.Properties['FunctionName'])).toContain('ConnectorPollFunction');
  });

  it('does not retry a failed invocation', () => {
    expect(partOf(template, 'Poll', 'AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 300,
    });
    expect(partOf(template, 'Backfill', 'AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
      MaximumRetryAttempts: 0,
    });
    expect(text).not.toMatch(/DeadLetter|OnFailure|AWS::SQS::Queue|ReservedConcurrentExecutions/);
  });

  it.each(FUNCTIONS)('sets exactly the variables that %s parses', (one) => {
    const environment = environmentOf(template, one);
    const withRules = title === 'existing resources';
    expect(Object.keys(environment).sort()).toEqual(
      Object.values(ENV)
        .filter((name) => withRules || name !== ENV.expectedActivity)
        .sort(),
    );
    expect(() => parseEnvironment(environment)).not.toThrow();
  });

  it('has no wildcard in an action, no bare * in a resource and no managed policy', () => {
    for (const permission of FUNCTIONS.flatMap((one) => permissions(template, one))) {
      const [action, resource] = permission.split(' ');
      expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/);
      expect(resource?.replace(/\/(claims|quarantine)\/\*$/, '')).not.toMatch(/\*/);
    }
    const policies = Object.entries(template.Resources).filter(
      ([id, { Type }]) => Type === 'AWS::IAM::Policy' && !id.startsWith('ConnectorWorkflow'),
    );
    expect(policies).toHaveLength(FUNCTIONS.length);
    for (const role of resourcesOf(template, 'AWS::IAM::Role'))
      expect(Object.keys(role.Properties).sort()).toEqual(['AssumeRolePolicyDocument', 'Description']);
  });
});

describe('by default', () => {
  const table = '<ConnectorStateCA03913F.Arn>';
  const bus = '<ConnectorBus52E9793E.Arn>';
  const archive = '<ConnectorArchive35469DB2.Arn>';
  const secretAndBus = [
    'secretsmanager:GetSecretValue <ConnectorSecretdefaultA01312D2>',
    `events:PutEvents ${bus} {"StringEquals":{"events:source":"tailscale"}}`,
    `events:DescribeEventBus ${bus}`,
  ];
  const items = (actions: readonly string[], ...partitions: readonly string[]) =>
    actions.map(
      (action) =>
        `dynamodb:${action} ${table} {"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":${JSON.stringify(partitions)}}}`,
    );
  const log = (group: string) => [`logs:CreateLogStream <${group}.Arn>`, `logs:PutLogEvents <${group}.Arn>`];

  it('allows the scheduled function exactly what it needs', () => {
    expect(permissions(byDefault, 'Poll')).toEqual([
      ...log('ConnectorPollLogs17729F07'),
      ...secretAndBus,
      ...items(['GetItem', 'PutItem', 'UpdateItem'], 'TN#default'),
      ...items(['Query', 'UpdateItem'], 'TN#default#SEEN'),
      ...items(['PutItem', 'UpdateItem'], 'TN#default#LEDGER'),
      `s3:PutObject ${archive}/claims/*`,
      `s3:PutObject ${archive}/quarantine/*`,
    ]);
  });

  it('allows the backfill function exactly what it needs, and no write to live state', () => {
    expect(permissions(byDefault, 'Backfill')).toEqual([
      ...log('ConnectorBackfillLogs017F0BC9'),
      ...secretAndBus,
      ...items(['GetItem'], 'TN#default'),
      ...items(['Query', 'UpdateItem'], 'TN#default#SEEN', 'TN#default#LEDGER'),
      ...items(['GetItem', 'PutItem', 'Query', 'UpdateItem'], 'TN#default#BF'),
      `s3:GetObject ${archive}/quarantine/*`,
      `s3:PutObject ${archive}/claims/*`,
      `s3:PutObject ${archive}/quarantine/*`,
    ]);
  });
});

it('allows existing secrets, keys and buses by their ARNs', () => {
  for (const one of FUNCTIONS) {
    expect(permissions(templates['existing resources'], one)).toEqual(
      expect.arrayContaining([
        `secretsmanager:GetSecretValue ${arns.secret}`,
        `kms:Decrypt ${arns.key}`,
        `events:PutEvents ${arns.bus} {"StringEquals":{"events:source":"tailscale"}}`,
        `events:DescribeEventBus ${arns.bus}`,
      ]),
    );
  }
  expect(resourcesOf(templates['existing resources'], 'AWS::Events::EventBusPolicy')).toEqual([]);
});

it("allows only the connector's two functions to use its event source on its new bus", () => {
  expect(resourcesOf(byDefault, 'AWS::Events::EventBusPolicy').map((policy) => policy.Properties['Statement'])).toEqual(
    [
      {
        Sid: 'cdk-OnlyTheConnectorSpeaksForTailscale',
        Effect: 'Deny',
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: { 'Fn::GetAtt': ['ConnectorBus52E9793E', 'Arn'] },
        Condition: {
          StringEquals: { 'events:source': 'tailscale' },
          ArnNotEquals: {
            'aws:PrincipalArn': [
              { 'Fn::GetAtt': ['ConnectorPollRole4C107891', 'Arn'] },
              { 'Fn::GetAtt': ['ConnectorBackfillRole75E0EBA5', 'Arn'] },
            ],
          },
          Bool: { 'aws:PrincipalIsAWSService': 'false' },
        },
      },
    ],
  );
});

describe('with two connectors', () => {
  const template = templates['two connectors'];

  it('polls each by its own rule', () => {
    const targets = z.array(z.object({ Input: z.string(), RetryPolicy: z.unknown() }));
    const rules = resourcesOf(template, 'AWS::Events::Rule');
    expect(rules.map((rule) => rule.Properties['ScheduleExpression'])).toEqual(['rate(5 minutes)', 'rate(5 minutes)']);
    expect(rules.flatMap((rule) => parseWith(targets, rule.Properties['Targets'], 'targets'))).toEqual(
      ['berlin', 'new-york'].map((connector) => ({
        Input: JSON.stringify({ action: 'poll', connector }),
        RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 2 },
      })),
    );
  });

  it.each(FUNCTIONS)('passes both to %s in as few bytes as possible', (one) => {
    expect(environmentOf(template, one)[ENV.connectors]).toMatch(
      /^\[\{"id":"berlin","tailnet":"berlin\.example\.com","secretId":"tailscale\/berlin","dialect":"configuration"\},\{"id":"new-york","tailnet":"-","secretId":"<ConnectorSecretnewyork\w+>"\}\]$/,
    );
  });

  it('allows a secret by name, with a pattern for the six random characters of its ARN', () => {
    expect(permissions(template, 'Poll')[2]).toMatch(
      /^secretsmanager:GetSecretValue arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:tailscale\/berlin-\?{6}$/,
    );
  });

  it('allows the items of both by their literal keys', () => {
    expect(permissions(template, 'Backfill').filter((line) => line.includes('dynamodb:PutItem'))).toEqual([
      expect.stringContaining('{"dynamodb:LeadingKeys":["TN#berlin#BF","TN#new-york#BF"]}'),
    ]);
  });

  it('has an output with the command that stores a credential for each new secret', () => {
    const commands = Object.entries(template.Outputs).filter(([name]) => name.startsWith('PutSecret'));
    expect(commands.map(([name]) => name)).toEqual(['PutSecretnewDashyork']);
    expect(commands.map(([, output]) => deployed(output.Value))).toEqual([
      expect.stringMatching(
        /^aws secretsmanager put-secret-value --secret-id <ConnectorSecretnewyork\w+> --secret-string '\{"apiKey":"YOUR_API_KEY"\}'$/,
      ),
    ]);
  });

  it('distinguishes two ids that differ by a hyphen', () => {
    const outputs = synthesize({
      connectors: [
        { id: 'a-b', tailnet: 'a.example' },
        { id: 'ab', tailnet: 'b.example' },
      ],
    }).Outputs;
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['PutSecretaDashb', 'PutSecretab']));
  });
});

it('passes the AwsSolutions rules, with a reason for each exception', () => {
  for (const props of [{}, { connectors: twoConnectors }, { busArn: arns.bus }]) {
    const stack = createStack(props);
    // The rule for bus policies reads a property that CDK calls deprecated.
    process.env['JSII_DEPRECATED'] = 'quiet';
    expect(new AwsSolutionsChecks().validateScope(stack)).toEqual({ success: true, violations: [] });
  }
});

it('reports a function that is not built', () => {
  expect(() => createStack({ bundlePath: '/nowhere' })).toThrow(
    'The function is not built: /nowhere/poll has no index.js. Run npm run build.',
  );
});

it('rejects invalid options in code as in the context', () => {
  expect(() => createStack({ overlapMinutes: 0, connectors: [{ id: 'A', tailnet: '-' }] })).toThrow(
    /overlapMinutes: .*; connectors\[0\]\.id: must be 1 to 32/,
  );
});

it('synthesizes this template by default', () => {
  expect(JSON.parse(JSON.stringify(byDefault).replaceAll(/[0-9a-f]{64}\.zip/g, '<asset>.zip'))).toMatchSnapshot();
});

describe('the alarms', () => {
  it('start for a stale or missing watermark, failures, gaps, lost state, quarantine and clock skew', () => {
    const above = (MetricName: string, Statistic: string, Threshold: number, TreatMissingData: string) =>
      expect.objectContaining({
        MetricName,
        Statistic,
        Threshold,
        TreatMissingData,
        ComparisonOperator: 'GreaterThanThreshold',
        Period: 900,
        EvaluationPeriods: 1,
      }) as unknown;
    expect(resourcesOf(byDefault, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)).toEqual([
      above('WatermarkAgeSeconds', 'Maximum', 1200, 'breaching'),
      above('PollFailed', 'Sum', 1, 'notBreaching'),
      above('Gaps', 'Sum', 0, 'notBreaching'),
      above('StateLost', 'Sum', 0, 'notBreaching'),
      above('EventsQuarantined', 'Sum', 0, 'notBreaching'),
      above('ClockSkewSeconds', 'Maximum', 300, 'notBreaching'),
    ]);
  });

  it('exist for each connector, and name it', () => {
    const alarms = resourcesOf(templates['two connectors'], 'AWS::CloudWatch::Alarm').map(
      ({ Properties }) => Properties,
    );
    for (const { id: connector } of twoConnectors) {
      const own = alarms.filter(
        ({ Dimensions }) => JSON.stringify(Dimensions) === JSON.stringify([{ Name: 'connector', Value: connector }]),
      );
      expect(own).toHaveLength(alarms.length / 2);
      for (const { AlarmDescription } of own)
        expect(AlarmDescription).toMatch(new RegExp(`^Connector ${connector} .*\\.$`));
    }
  });

  it('notify the topic when they start and end', () => {
    for (const alarm of resourcesOf(
      synthesize({ monitoring: { alarmTopicArn: arns.topic } }),
      'AWS::CloudWatch::Alarm',
    )) {
      expect(alarm.Properties).toMatchObject({ AlarmActions: [arns.topic], OKActions: [arns.topic] });
    }
  });

  it('are absent with monitoring: false', () => {
    expect(resourcesOf(synthesize({ monitoring: false }), 'AWS::CloudWatch::Alarm')).toEqual([]);
  });
});

describe('the backfill workflow', () => {
  const MACHINE = 'arn:aws:states:eu-central-1:111122223333:stateMachine:Backfill';
  const own = Object.entries(byDefault.Resources).filter(([id]) => id.startsWith('ConnectorWorkflow'));
  const physical = (id: string) => (id.startsWith('ConnectorWorkflowStateMachine') ? MACHINE : `<${id}>`);

  const policy = z.object({
    PolicyDocument: z.object({
      Statement: z.array(
        z.strictObject({ Sid: z.string(), Effect: z.literal('Allow'), Action: z.unknown(), Resource: z.unknown() }),
      ),
    }),
  });

  it('may use exactly one function, its own executions, its log and its traces', () => {
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
    expect(resourcesOf(byDefault, 'AWS::StepFunctions::StateMachine').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        StateMachineType: 'STANDARD',
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: expect.objectContaining({ Level: 'ALL' }) as unknown,
      }),
    ]);
  });

  it('has its own role, which only Step Functions may assume', () => {
    const roles = own
      .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
      .map(([, { Properties }]) => JSON.stringify(Properties['AssumeRolePolicyDocument']));
    expect(roles).toEqual([expect.stringContaining('"states.amazonaws.com"')]);
  });

  it('has no schedule, and an output with its ARN', () => {
    expect(JSON.stringify(resourcesOf(byDefault, 'AWS::Events::Rule'))).not.toContain('ConnectorWorkflow');
    expect(deployed(byDefault.Outputs[STACK_OUTPUT.backfillStateMachine]?.Value, physical)).toBe(MACHINE);
  });
});

describe('the package root', () => {
  it('is the clone in a clone', () => {
    expect(packageRoot()).toBe(join(__dirname, '../..'));
  });

  it('is the installed package, not the app that installed it', () => {
    const app = mkdtempSync(join(tmpdir(), 'app-'));
    const installed = join(app, 'node_modules', 'connector');
    mkdirSync(join(installed, 'dist', 'infra'), { recursive: true });
    for (const folder of [app, installed]) writeFileSync(join(folder, 'package.json'), '{}');
    expect(packageRoot(join(installed, 'dist', 'infra'))).toBe(installed);
  });

  it('is an error without a package', () => {
    expect(() => packageRoot('/')).toThrow('set bundlePath');
  });
});
