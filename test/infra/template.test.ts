import { AwsSolutionsChecks } from 'cdk-nag';
import * as z from 'zod/mini';
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
  'all that is there already': synthesize({
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

/** Every action on every resource that a function's policy allows, one to a line, with its condition. */
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

  it('holds no credential and no reference that would be resolved into one', () => {
    expect(text).not.toContain('tskey-');
    expect(text).not.toContain('{{resolve:');
    for (const secret of resourcesOf(template, 'AWS::SecretsManager::Secret'))
      expect(Object.keys(secret.Properties)).toEqual(['Description']);
  });

  it('keeps state, archive and secrets when the stack goes', () => {
    const kept = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::SecretsManager::Secret'];
    for (const one of all.filter(({ Type }) => kept.includes(Type))) {
      expect(one).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('protects the table from deletion and can restore it', () => {
    expect(resourcesOf(template, 'AWS::DynamoDB::Table').map((table) => table.Properties)).toEqual([
      expect.objectContaining({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'exp', Enabled: true },
        BillingMode: 'PAY_PER_REQUEST',
      }),
    ]);
  });

  it('opens the archive to nobody without TLS and to the public not at all', () => {
    expect(resourcesOf(template, 'AWS::S3::Bucket').map((bucket) => bucket.Properties)).toEqual([
      expect.objectContaining({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      }),
    ]);
    const archive = { 'Fn::GetAtt': ['ConnectorArchive35469DB2', 'Arn'] };
    expect(resourcesOf(template, 'AWS::S3::BucketPolicy').map((policy) => policy.Properties['PolicyDocument'])).toEqual(
      [
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: { AWS: '*' },
              Action: 's3:*',
              Resource: [archive, { 'Fn::Join': ['', [archive, '/*']] }],
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
      ],
    );
  });

  it('lets claims and quarantine expire after 400 days, and keeps no half of an upload', () => {
    expect(
      resourcesOf(template, 'AWS::S3::Bucket').map((bucket) => bucket.Properties['LifecycleConfiguration']),
    ).toEqual([
      {
        Rules: [
          { Id: 'expire-claims', Prefix: 'claims/', ExpirationInDays: 400, Status: 'Enabled' },
          { Id: 'expire-quarantine', Prefix: 'quarantine/', ExpirationInDays: 400, Status: 'Enabled' },
          { Id: 'abort-uploads', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' },
        ],
      },
    ]);
  });

  it('never turns off an encryption that is on by default', () => {
    expect(text).not.toMatch(/"SSEEnabled":false|"KmsKeyId":""|"SseEnabled":false/i);
  });

  it('lets every log expire', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
    expect(groups).toHaveLength(
      [...resourcesOf(template, 'AWS::Lambda::Function'), ...resourcesOf(template, 'AWS::StepFunctions::StateMachine')]
        .length,
    );
    for (const group of groups) expect(group.Properties['RetentionInDays']).toBeGreaterThan(0);
  });

  it('gives a run back its lease before the next tick', () => {
    expect(Number(partOf(template, 'Poll', 'AWS::Lambda::Function').Properties['Timeout']) + 15).toBeLessThan(
      POLL_PERIOD_SECONDS,
    );
  });

  it('gives what is done by hand all the time that Lambda has, and a schedule to nothing but the poll', () => {
    expect(partOf(template, 'Backfill', 'AWS::Lambda::Function').Properties).toMatchObject({
      Timeout: 900,
      MemorySize: 512,
    });
    for (const rule of resourcesOf(template, 'AWS::Events::Rule'))
      expect(JSON.stringify(rule.Properties['Targets'])).toContain('ConnectorPollFunction');
    for (const permission of resourcesOf(template, 'AWS::Lambda::Permission'))
      expect(deployed(permission.Properties['FunctionName'])).toContain('ConnectorPollFunction');
  });

  it('leaves a failed tick to the next one, and a failed invocation to whoever asked for it', () => {
    expect(partOf(template, 'Poll', 'AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 300,
    });
    expect(partOf(template, 'Backfill', 'AWS::Lambda::EventInvokeConfig').Properties).toMatchObject({
      MaximumRetryAttempts: 0,
    });
    expect(text).not.toMatch(/DeadLetter|OnFailure|AWS::SQS::Queue|ReservedConcurrentExecutions/);
  });

  it.each(FUNCTIONS)('hands %s the variables it parses, and no others', (one) => {
    const environment = environmentOf(template, one);
    const announced = title === 'all that is there already';
    expect(Object.keys(environment).sort()).toEqual(
      Object.values(ENV)
        .filter((name) => announced || name !== ENV.expectedActivity)
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

  it('allows the function behind the manual door exactly what it needs, and no write to live state', () => {
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

it('reads secrets, keys and buses that are there already by their own ARNs', () => {
  for (const one of FUNCTIONS) {
    expect(permissions(templates['all that is there already'], one)).toEqual(
      expect.arrayContaining([
        `secretsmanager:GetSecretValue ${arns.secret}`,
        `kms:Decrypt ${arns.key}`,
        `events:PutEvents ${arns.bus} {"StringEquals":{"events:source":"tailscale"}}`,
        `events:DescribeEventBus ${arns.bus}`,
      ]),
    );
  }
  expect(resourcesOf(templates['all that is there already'], 'AWS::Events::EventBusPolicy')).toEqual([]);
});

it("lets nobody but the connector's two functions use its event source on the bus it made", () => {
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

  it.each(FUNCTIONS)('tells %s of both, in as few bytes as will do', (one) => {
    expect(environmentOf(template, one)[ENV.connectors]).toMatch(
      /^\[\{"id":"berlin","tailnet":"berlin\.example\.com","secretId":"tailscale\/berlin","dialect":"configuration"\},\{"id":"new-york","tailnet":"-","secretId":"<ConnectorSecretnewyork\w+>"\}\]$/,
    );
  });

  it('knows a secret by name but for the six characters at the end of its ARN', () => {
    expect(permissions(template, 'Poll')[2]).toMatch(
      /^secretsmanager:GetSecretValue arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:tailscale\/berlin-\?{6}$/,
    );
  });

  it('lets a function reach the items of both by their literal keys', () => {
    expect(permissions(template, 'Backfill').filter((line) => line.includes('dynamodb:PutItem'))).toEqual([
      expect.stringContaining('{"dynamodb:LeadingKeys":["TN#berlin#BF","TN#new-york#BF"]}'),
    ]);
  });

  it('prints the command that fills a secret only for a secret it made', () => {
    const commands = Object.entries(template.Outputs).filter(([name]) => name.startsWith('PutSecret'));
    expect(commands.map(([name]) => name)).toEqual(['PutSecretnewDashyork']);
    expect(commands.map(([, output]) => deployed(output.Value))).toEqual([
      expect.stringMatching(
        /^aws secretsmanager put-secret-value --secret-id <ConnectorSecretnewyork\w+> --secret-string '\{"apiKey":"YOUR_API_KEY"\}'$/,
      ),
    ]);
  });

  it('keeps apart two ids that differ by a hyphen', () => {
    const outputs = synthesize({
      connectors: [
        { id: 'a-b', tailnet: 'a.example' },
        { id: 'ab', tailnet: 'b.example' },
      ],
    }).Outputs;
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['PutSecretaDashb', 'PutSecretab']));
  });
});

it('passes the AwsSolutions rules, with a reason wherever one is set aside', () => {
  for (const props of [{}, { connectors: twoConnectors }, { busArn: arns.bus }]) {
    const stack = createStack(props);
    // The rule for bus policies reads a property that CDK calls deprecated.
    process.env['JSII_DEPRECATED'] = 'quiet';
    expect(new AwsSolutionsChecks().validateScope(stack)).toEqual({ success: true, violations: [] });
  }
});

it('says how to build the function when it is not built', () => {
  expect(() => createStack({ bundlePath: '/nowhere' })).toThrow(
    'The function is not built: /nowhere/poll has no index.js. Run npm run build.',
  );
});

it('refuses wrong options in code as it does in context', () => {
  expect(() => createStack({ overlapMinutes: 0, connectors: [{ id: 'A', tailnet: '-' }] })).toThrow(
    /overlapMinutes: .*; connectors\[0\]\.id: must be 1 to 32/,
  );
});

it('synthesizes this template as cloned', () => {
  expect(JSON.parse(JSON.stringify(byDefault).replaceAll(/[0-9a-f]{64}\.zip/g, '<asset>.zip'))).toMatchSnapshot();
});
