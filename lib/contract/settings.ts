import * as z from 'zod/mini';
import { DIALECT_NAMES } from './dialects';
import { parseExpectedActivity, type ExpectedActivity } from './expected-activity';
import { InvalidInput, parseWith } from './parse';

/** Tailscale's API in production. */
export const DEFAULT_API_URL = 'https://api.tailscale.com';

/** Names of the environment variables that carry the settings across the deploy wall. */
export const ENV = {
  connectors: 'CONNECTORS',
  tableName: 'TABLE_NAME',
  busName: 'EVENT_BUS_NAME',
  archiveBucket: 'ARCHIVE_BUCKET',
  apiUrl: 'TAILSCALE_API_URL',
  overlapMinutes: 'OVERLAP_MINUTES',
  severityProfile: 'SEVERITY_PROFILE',
  expectedActivity: 'EXPECTED_ACTIVITY',
  logLevel: 'LOG_LEVEL',
} as const;

/** Bytes. All connectors share one variable, and Lambda allows 4 KB for the whole environment (AWS quota page, read 2026-11). */
export const MAX_CONNECTORS_BYTES = 3 * 1024;

/** Which of the API's two forms is asked; `auto` finds out and remembers. */
export const dialectSetting = z.enum(['auto', ...DIALECT_NAMES]);
export type DialectSetting = z.infer<typeof dialectSetting>;

/** `spec`: the product's table, exactly. `extended`: raises what that table leaves low, never lowers. */
export const severityProfile = z.enum(['spec', 'extended']);
export type SeverityProfile = z.infer<typeof severityProfile>;

const connectorId = z.string().check(z.regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and "-"'));

/** A path segment is built from it, so it is an allow-list: `-`, an organisation slug, a domain, a tailnet id or an e-mail. */
const tailnet = z.string().check(
  z.regex(
    /^(?:-|[A-Za-z0-9](?:[A-Za-z0-9._+@-]{0,252}[A-Za-z0-9])?)$/,
    'must be "-", an organisation name, a tailnet id, a domain or an e-mail address',
  ),
  z.refine((value) => !value.includes('..'), 'must not contain ".."'),
);

const connector = z.strictObject({
  id: connectorId,
  tailnet,
  secretId: z.string().check(z.minLength(1), z.maxLength(2048)),
  dialect: z._default(dialectSetting, 'auto'),
});

/** One tailnet to follow: where it is, which secret opens it, which dialect it speaks. */
export type ConnectorSettings = z.infer<typeof connector>;

const connectors = z.array(connector).check(z.minLength(1, 'must list at least one connector'));

/**
 * The list of connectors, from context at synth and from the environment at run time.
 *
 * @throws InvalidInput: shape, two connectors with one id, or two on one tailnet (each event would be emitted twice).
 */
export function parseConnectors(value: unknown, subject = 'connectors'): ConnectorSettings[] {
  const list = parseWith(connectors, value, subject);
  const repeated = [
    ...duplicates(list.map(({ id }) => id)).map((id) => `two connectors have the id "${id}"`),
    ...duplicates(list.map((one) => (one.tailnet === '-' ? `- of ${one.secretId}` : one.tailnet.toLowerCase()))).map(
      (name) => `two connectors follow the tailnet "${name}": each event would be emitted twice`,
    ),
  ];
  if (repeated.length > 0) throw new InvalidInput(subject, repeated);
  return list;
}

function duplicates(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

/**
 * The base URL of Tailscale's API, without a trailing slash. It decides where credentials are sent, so: https only
 * (plain http for loopback), no user, no query, no fragment, no path.
 *
 * @throws InvalidInput
 */
export function parseApiUrl(text: string, subject: string = ENV.apiUrl): string {
  if (!URL.canParse(text)) throw new InvalidInput(subject, ['must be a URL such as https://api.tailscale.com']);
  const url = new URL(text);
  const problems = [
    url.protocol !== 'https:' &&
      !(url.protocol === 'http:' && isLoopback(url.hostname)) &&
      'must be https (plain http only for a loopback address)',
    (url.username !== '' || url.password !== '' || text.includes('@')) && 'must not carry a user or password',
    (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) && 'must not carry a query or fragment',
    url.pathname !== '/' && 'must not carry a path: /api/v2 is added to it',
    /[\s\\]/.test(text) && 'must not contain spaces or backslashes',
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new InvalidInput(subject, problems);
  return url.origin;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Everything `poll` is configured with. */
export interface PollSettings {
  readonly connectors: readonly ConnectorSettings[];
  readonly tableName: string;
  readonly busName: string;
  /** S3 bucket for claims and quarantine. */
  readonly archiveBucket: string;
  /** Origin of Tailscale's API. */
  readonly apiUrl: string;
  /** Minutes each window reaches back before the watermark, for records that show up late. */
  readonly overlapMinutes: number;
  readonly severityProfile: SeverityProfile;
  /** What the operator has announced: it is marked, never dropped. */
  readonly expectedActivity: readonly ExpectedActivity[];
}

/** Minutes. 0 would trust the order of arrival; above 12 h a window of 24 h would hardly move. */
const overlapMinutes = z.coerce
  .number()
  .check(z.int('must be a whole number of minutes'), z.minimum(1), z.maximum(720));

const environment = z.object({
  [ENV.tableName]: z.string().check(z.minLength(1)),
  [ENV.busName]: z.string().check(z.minLength(1)),
  [ENV.archiveBucket]: z.string().check(z.minLength(1)),
  [ENV.overlapMinutes]: z._default(overlapMinutes, 60),
  [ENV.severityProfile]: z._default(severityProfile, 'spec'),
});

/**
 * Settings from environment variables.
 *
 * @throws InvalidInput listing every problem of every variable at once.
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): PollSettings {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      problems.push(
        ...(error.subject === 'environment'
          ? error.problems
          : error.problems.map((problem) => `${error.subject}: ${problem}`)),
      );
      return undefined;
    }
  };
  const plain = attempt(() => parseWith(environment, env, 'environment'));
  const list = attempt(() => parseConnectors(parseJson(env, ENV.connectors), ENV.connectors));
  const expectedActivity = attempt(() =>
    parseExpectedActivity(parseJson(env, ENV.expectedActivity) ?? [], ENV.expectedActivity),
  );
  const apiUrl = attempt(() => parseApiUrl(env[ENV.apiUrl] ?? DEFAULT_API_URL));
  if (plain === undefined || list === undefined || apiUrl === undefined || expectedActivity === undefined)
    throw new InvalidInput('environment', problems);
  return {
    connectors: list,
    tableName: plain[ENV.tableName],
    busName: plain[ENV.busName],
    archiveBucket: plain[ENV.archiveBucket],
    apiUrl,
    overlapMinutes: plain[ENV.overlapMinutes],
    severityProfile: plain[ENV.severityProfile],
    expectedActivity,
  };
}

function parseJson(env: Readonly<Record<string, string | undefined>>, name: string): unknown {
  const text = env[name];
  try {
    return text === undefined || text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new InvalidInput(name, ['must be a JSON array']);
  }
}
