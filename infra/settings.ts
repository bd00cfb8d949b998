import { Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod/mini';
import { attempting, InvalidInput, parseWith } from '../lib/contract/parse';
import { ENV, MAX_CONNECTORS_BYTES, parseEnvironment } from '../lib/contract/settings';
import type { ConnectorSettings, PollSettings } from '../lib/contract/settings';
import type { LogLevel, MonitoringOptions, SecretReference } from './options';

/** The options, checked and with their defaults. They are valid options themselves, so they can be checked again. */
export interface Settings extends Omit<PollSettings, 'connectors' | 'tableName' | 'busName' | 'archiveBucket'> {
  readonly connectors: readonly (Omit<ConnectorSettings, 'secretId'> & { readonly secret?: SecretReference })[];
  readonly busName?: string;
  readonly busArn?: string;
  readonly logRetentionDays: RetentionDays;
  readonly logLevel: LogLevel;
  readonly monitoring: false | MonitoringOptions;
}

/** A string of a pattern, or a CDK token, whose value is known only at deployment. */
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

/** Options that only the deployment reads. The function's own parser checks the others. */
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
      z.refine((name) => name !== 'default', "the account's default bus already exists: use its ARN as busArn"),
    ),
  ),
  busArn: z.exactOptional(arn('events', 'event-bus/[A-Za-z0-9/._-]+', 'must be the ARN of an event bus')),
  logRetentionDays: z._default(
    z.enum(RetentionDays).check(z.refine((days) => days !== RetentionDays.INFINITE, 'must not be infinite')),
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
      'must be false, or an object with or without alarmTopicArn',
    ),
    {},
  ),
});

/**
 * Checks the options, from context or from code.
 *
 * @throws InvalidInput listing every problem of every option at once.
 */
export function parseSettings(options: object): Settings {
  const given = { connectors: [{ id: 'default', tailnet: '-' }], ...withoutUndefined(options) };
  const problems = [...credentialsIn(given), ...twoBusesIn(given)];
  const attempt = attempting((error) => problems.push(...error.problems.map(inOptionNames)));
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

/** The connectors as the function's environment variable: JSON without the defaults. */
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

/** Removes fields that are undefined, at every depth. Options are plain data. */
function withoutUndefined(options: object): Readonly<Record<string, unknown>> {
  return parseWith(z.record(z.string(), z.unknown()), JSON.parse(JSON.stringify(options)), 'options');
}

/** A credential in an option would be visible in the template. */
function credentialsIn(given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(given)
    .filter(([, value]) => JSON.stringify(value).includes('tskey-'))
    .map(
      ([option]) =>
        `${option}: contains a Tailscale key (tskey-…); revoke it, and store a new one in the secret with aws secretsmanager put-secret-value`,
    );
}

function twoBusesIn(given: Readonly<Record<string, unknown>>): string[] {
  const both = given['busName'] !== undefined && given['busArn'] !== undefined;
  return both ? ['busName, busArn: use the name of a new bus or the ARN of an existing one, not both'] : [];
}

/**
 * Placeholder for the ARN of a secret that the stack creates, as long as the longest real one: the longest partition,
 * region and connector id with the suffixes of CloudFormation and Secrets Manager make about 140 bytes.
 */
const ownSecretId = (index: number) => `placeholder ${index} `.padEnd(160, '.');

/** Connectors and expected activity together must fit into the environment; the connectors take precedence. */
function oversizeOf({ connectors, expectedActivity }: Pick<PollSettings, 'connectors' | 'expectedActivity'>): string[] {
  const bytes = Buffer.byteLength(connectorsVariable(connectors));
  if (bytes > MAX_CONNECTORS_BYTES) {
    return [
      `connectors: ${connectors.length} connectors take ${bytes} bytes of the function's environment, ${MAX_CONNECTORS_BYTES} is the limit; ` +
        'use a second stack, with its own stackName and busName, for some of them (a secret by name is shortest)',
    ];
  }
  const expected = expectedActivity.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(expectedActivity));
  if (bytes + expected <= MAX_CONNECTORS_BYTES) return [];
  return [
    `expectedActivity: ${expectedActivity.length} rules take ${expected} bytes of the function's environment, and the connectors leave ${MAX_CONNECTORS_BYTES - bytes}; ` +
      'use fewer, with a pattern such as "ci-*" for several names, or a second stack for some of the connectors',
  ];
}

/** The options as environment variables for the function's own parser, with placeholders for deployed names. */
function asEnvironment(given: Readonly<Record<string, unknown>>): Record<string, string | undefined> {
  return {
    [ENV.connectors]: JSON.stringify(
      Array.isArray(given['connectors']) ? given['connectors'].map(asConnector) : given['connectors'],
    ),
    [ENV.tableName]: 'placeholder',
    [ENV.busName]: 'placeholder',
    [ENV.archiveBucket]: 'placeholder',
    [ENV.apiUrl]: asText(given['apiUrl']),
    [ENV.overlapMinutes]: asText(given['overlapMinutes']),
    [ENV.severityProfile]: asText(given['severityProfile']),
    [ENV.expectedActivity]: asText(given['expectedActivity']),
  };
}

function asConnector(value: unknown, index: number): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { secret: reference, ...rest } = value as { readonly secret?: SecretReference | null };
  return { ...rest, secretId: reference?.name ?? reference?.arn ?? ownSecretId(index) };
}

function asText(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** Replaces the variable's name in a problem by the option's name. */
function inOptionNames(problem: string): string {
  const [option, variable] = Object.entries(ENV).find(([, name]) => problem.startsWith(`${name}: `)) ?? [];
  if (option === undefined || variable === undefined) return problem;
  const rest = problem.slice(variable.length);
  return rest.startsWith(': [') ? `${option}${rest.slice(2)}` : `${option}${rest}`;
}
