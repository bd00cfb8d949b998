import * as z from 'zod/mini';
import { DEFAULT_STACK_NAME } from '../lib/contract/names';
import { attempting, InvalidInput, parseWith } from '../lib/contract/parse';
import type { ConnectorOptions } from './options';
import { parseSettings, type Settings } from './settings';

/** Context keys, the names of all options; `satisfies` checks that none is missing. */
const OPTION_KEYS = Object.keys({
  connectors: true,
  overlapMinutes: true,
  severityProfile: true,
  expectedActivity: true,
  apiUrl: true,
  busName: true,
  busArn: true,
  logRetentionDays: true,
  logLevel: true,
  monitoring: true,
} satisfies Record<keyof ConnectorOptions, true>);

/** Options that are not strings: their text in `-c key=value` is parsed as JSON. */
const JSON_KEYS: readonly string[] = [
  'connectors',
  'overlapMinutes',
  'expectedActivity',
  'logRetentionDays',
  'monitoring',
];

const stackName = z._default(
  z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'must be a letter and up to 127 of A-Z, a-z, 0-9 and "-"')),
  DEFAULT_STACK_NAME,
);

export interface DeployableSettings extends Settings {
  /** A second stack in the same account and region needs another name, and another bus. */
  readonly stackName: string;
}

/**
 * Parses the context of cdk.json and `-c key=value`.
 *
 * @param read `app.node.tryGetContext`
 * @param names All context keys. CDK's own keys contain other characters than letters; a key of only letters must be an option.
 * @throws InvalidInput listing every problem of every key at once.
 */
export function parseContext(read: (key: string) => unknown, names: readonly string[] = []): DeployableSettings {
  const problems = names
    .filter((name) => /^[A-Za-z]+$/.test(name) && name !== 'stackName' && !OPTION_KEYS.includes(name))
    .map((name) => `${name}: is not a setting; the settings are ${[...OPTION_KEYS, 'stackName'].join(', ')}`);
  const attempt = attempting(({ subject, problems: found }) =>
    problems.push(...(subject === 'stackName' ? found.map((problem) => `stackName: ${problem}`) : found)),
  );
  const options = Object.fromEntries(OPTION_KEYS.map((key) => [key, attempt(() => fromText(key, read(key)))]));
  const settings = attempt(() => parseSettings(options));
  const name = attempt(() => parseWith(stackName, read('stackName'), 'stackName'));
  if (settings === undefined || name === undefined || problems.length > 0) throw new InvalidInput('context', problems);
  return { ...settings, stackName: name };
}

function fromText(key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !JSON_KEYS.includes(key)) return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new InvalidInput(key, [
      `${key}: must be JSON, such as -c connectors='[{"id":"default","tailnet":"-"}]' or -c overlapMinutes=60`,
    ]);
  }
}
