import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../lib/contract/parse';
import type { ConnectorOptions } from './options';
import { parseSettings } from './settings';
import type { Settings } from './settings';

/** Context keys: every option by its name. `satisfies` makes a key out of each new option. */
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

/** Options that are no text. `-c key=value` on the command line hands over text, so for these it is read as JSON. */
const JSON_KEYS: readonly string[] = [
  'connectors',
  'overlapMinutes',
  'expectedActivity',
  'logRetentionDays',
  'monitoring',
];

const stackName = z._default(
  z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'must be a letter and up to 127 of A-Z, a-z, 0-9 and "-"')),
  'TailscaleAuditConnector',
);

export interface DeployableSettings extends Settings {
  /** A second stack of one account and region needs a name of its own, and a bus of its own. */
  readonly stackName: string;
}

/**
 * Settings from cdk.json's context or `-c key=value`.
 *
 * @param read `app.node.tryGetContext`
 * @param names All that is in the context. CDK's own have more than letters in them: whatever has not is meant for us.
 * @throws InvalidInput listing every problem of every key at once.
 */
export function parseContext(read: (key: string) => unknown, names: readonly string[] = []): DeployableSettings {
  const problems = names
    .filter((name) => /^[A-Za-z]+$/.test(name) && name !== 'stackName' && !OPTION_KEYS.includes(name))
    .map((name) => `${name}: there is no such setting; there are ${[...OPTION_KEYS, 'stackName'].join(', ')}`);
  const attempt = <T>(parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      problems.push(
        ...(error.subject === 'stackName' ? error.problems.map((problem) => `stackName: ${problem}`) : error.problems),
      );
      return undefined;
    }
  };
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
