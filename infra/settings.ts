import { Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../lib/contract/parse';
import { ENV, MAX_CONNECTORS_BYTES, parseEnvironment } from '../lib/contract/settings';
import type { ConnectorSettings, PollSettings } from '../lib/contract/settings';
import type { LogLevel, MonitoringOptions, SecretReference } from './options';

/** The options, checked and with their defaults. They are options again, so that they can be checked twice. */
export interface Settings extends Omit<PollSettings, 'connectors' | 'tableName' | 'busName' | 'archiveBucket'> {
  readonly connectors: readonly (Omit<ConnectorSettings, 'secretId'> & { readonly secret?: SecretReference })[];
  readonly busName?: string;
  readonly busArn?: string;
  readonly logRetentionDays: RetentionDays;
  readonly logLevel: LogLevel;
  readonly monitoring: false | MonitoringOptions;
}

/** A string by pattern. A CDK token stands for a value that only the deployment knows, so it passes. */
function pattern(expected: RegExp, message: string) {
  return z.string().check(z.refine((value) => Token.isUnresolved(value) || expected.test(value), message));
}

function arn(service: string, resource: string, message: string) {
  return pattern(new RegExp(String.raw`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\d{12}:${resource}$`), message);
}

const secret = z
  .strictObject({
    name: z.exactOptional(
      pattern(/^[A-Za-z0-9/_+=.@-]{1,512}$/, 'must be the name of a secret: 1 to 512 of A-Z, a-z, 0-9 and "/_+=.@-"'),
    ),
    arn: z.exactOptional(
      arn(
        'secretsmanager',
        'secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}',
        'must be the full ARN of a secret, with the six characters at its end',
      ),
    ),
    keyArn: z.exactOptional(arn('kms', 'key/[A-Za-z0-9-]+', 'must be the ARN of a KMS key, not of an alias')),
  })
  .check(
    z.refine((value) => (value.name === undefined) !== (value.arn === undefined), 'must have either "name" or "arn"'),
  );

/** What only the deployment reads. All else is left to the parser that the function itself uses. */
const deployment = z.object({
  connectors: z.array(
    z.strictObject({
      id: z.optional(z.unknown()),
      tailnet: z.optional(z.unknown()),
      dialect: z.optional(z.unknown()),
      secret: z.exactOptional(secret),
    }),
  ),
  busName: z.exactOptional(
    z.string().check(
      z.regex(/^[A-Za-z0-9._-]{1,256}$/, 'must be 1 to 256 of A-Z, a-z, 0-9, ".", "_" and "-"'),
      z.refine((name) => name !== 'default', "the account's default bus is there already: give its ARN as busArn"),
    ),
  ),
  busArn: z.exactOptional(arn('events', 'event-bus/[A-Za-z0-9/._-]+', 'must be the ARN of an event bus')),
  logRetentionDays: z._default(
    z.enum(RetentionDays).check(z.refine((days) => days !== RetentionDays.INFINITE, 'must not be for ever')),
    RetentionDays.THREE_MONTHS,
  ),
  logLevel: z._default(z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']), 'INFO'),
  monitoring: z._default(
    z.union(
      [
        z.literal(false),
        z.strictObject({
          alarmTopicArn: z.exactOptional(arn('sns', '[A-Za-z0-9_.-]+', 'must be the ARN of an SNS topic')),
        }),
      ],
      'must be false, or an object in which alarmTopicArn may stand',
    ),
    {},
  ),
});

/**
 * Options from context or from code.
 *
 * @throws InvalidInput listing every problem of every option at once.
 */
export function parseSettings(options: object): Settings {
  const given = { connectors: [{ id: 'default', tailnet: '-' }], ...withoutUndefined(options) };
  const problems = [...credentialsIn(given), ...twoBusesIn(given)];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      problems.push(...error.problems.map(inOptionNames));
      return undefined;
    }
  };
  const own = attempt(() => parseWith(deployment, given, 'options'));
  const shared = attempt(() => parseEnvironment(asEnvironment(given)));
  if (shared !== undefined) problems.push(...oversizeOf(shared));
  if (own === undefined || shared === undefined || problems.length > 0)
    throw new InvalidInput('options', [...new Set(problems)]);
  const { overlapMinutes, severityProfile, expectedActivity, apiUrl } = shared;
  const connectors = shared.connectors.map(({ id, tailnet, dialect }, index) => {
    const reference = own.connectors[index]?.secret;
    return { id, tailnet, dialect, ...(reference === undefined ? {} : { secret: reference }) };
  });
  return { ...own, connectors, overlapMinutes, severityProfile, expectedActivity, apiUrl };
}

/** What carries the connectors to the function: JSON, no longer than it has to be. */
export function connectorsVariable(connectors: readonly ConnectorSettings[]): string {
  return JSON.stringify(
    connectors.map(({ id, tailnet, secretId, dialect }) => ({
      id,
      tailnet,
      secretId,
      ...(dialect === 'auto' ? {} : { dialect }),
    })),
  );
}

/** Options are plain data. One that is there but undefined counts as left out, at every depth. */
function withoutUndefined(options: object): Readonly<Record<string, unknown>> {
  return parseWith(z.record(z.string(), z.unknown()), JSON.parse(JSON.stringify(options)), 'options');
}

/** A credential in an option would end up in the template, for everyone to read who may read the stack. */
function credentialsIn(given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(given)
    .filter(([, value]) => JSON.stringify(value).includes('tskey-'))
    .map(
      ([option]) =>
        `${option}: holds a Tailscale key (tskey-…); revoke it, and put a new one into the secret with aws secretsmanager put-secret-value`,
    );
}

function twoBusesIn(given: Readonly<Record<string, unknown>>): string[] {
  const both = given['busName'] !== undefined && given['busArn'] !== undefined;
  return both ? ['busName, busArn: give the name of a bus to make, or the ARN of one that is there, not both'] : [];
}

/**
 * Stands for the ARN of a secret that the stack makes: the real one is known only once it is deployed. Longest
 * partition and region, the longest connector id, CloudFormation's and Secrets Manager's suffixes come to about 140 bytes.
 */
const ownSecretId = (index: number) => `secret to be made ${index} `.padEnd(160, '.');

/** The connectors go first: announcements have what these leave, so that neither keeps the function from being deployed. */
function oversizeOf({ connectors, expectedActivity }: Pick<PollSettings, 'connectors' | 'expectedActivity'>): string[] {
  const bytes = Buffer.byteLength(connectorsVariable(connectors));
  if (bytes > MAX_CONNECTORS_BYTES) {
    return [
      `connectors: ${connectors.length} connectors take ${bytes} bytes of the function's environment, ${MAX_CONNECTORS_BYTES} is the limit; ` +
        'use a second stack, with a stackName and a busName of its own, for some of them (a secret by name takes least)',
    ];
  }
  const announced = expectedActivity.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(expectedActivity));
  if (bytes + announced <= MAX_CONNECTORS_BYTES) return [];
  return [
    `expectedActivity: ${expectedActivity.length} announcements take ${announced} bytes of the function's environment, and the connectors leave ${MAX_CONNECTORS_BYTES - bytes}; ` +
      'use fewer, with a pattern such as "ci-*" for several names, or a second stack for some of the connectors',
  ];
}

/** The options as the function's own parser would meet them, with stand-ins for what the deployment fills in. */
function asEnvironment(given: Readonly<Record<string, unknown>>): Record<string, string | undefined> {
  return {
    [ENV.connectors]: JSON.stringify(
      Array.isArray(given['connectors']) ? given['connectors'].map(asConnector) : given['connectors'],
    ),
    [ENV.tableName]: 'made by the stack',
    [ENV.busName]: 'made by the stack',
    [ENV.archiveBucket]: 'made by the stack',
    [ENV.apiUrl]: asText(given['apiUrl']),
    [ENV.overlapMinutes]: asText(given['overlapMinutes']),
    [ENV.severityProfile]: asText(given['severityProfile']),
    [ENV.expectedActivity]: asText(given['expectedActivity']),
  };
}

const row = z.object({
  id: z.optional(z.unknown()),
  tailnet: z.optional(z.unknown()),
  dialect: z.optional(z.unknown()),
  secret: z.optional(z.object({ name: z.optional(z.unknown()), arn: z.optional(z.unknown()) })),
});

function asConnector(value: unknown, index: number): unknown {
  const result = z.safeParse(row, value);
  if (!result.success) return value;
  const { secret: reference, ...rest } = result.data;
  return { ...rest, secretId: reference?.name ?? reference?.arn ?? ownSecretId(index) };
}

function asText(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** The function's parser names its variables; here the same things are options. */
function inOptionNames(problem: string): string {
  const [option, variable] = Object.entries(ENV).find(([, name]) => problem.startsWith(`${name}: `)) ?? [];
  if (option === undefined || variable === undefined) return problem;
  const rest = problem.slice(variable.length);
  return rest.startsWith(': [') ? `${option}${rest.slice(2)}` : `${option}${rest}`;
}
