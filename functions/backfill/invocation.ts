import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../../lib/contract/parse';
import type { ConnectorSettings } from '../../lib/contract/settings';

/** What one invocation asks for. */
export interface Invocation {
  readonly action: 'redrive';
  readonly connector: ConnectorSettings;
  /** Events that could not be read too: those were on the bus once, as they came. */
  readonly includeUnparsed: boolean;
  /** Goes on behind this ledger entry, as an earlier answer named it; null: from the first one. */
  readonly after: string | null;
}

const manual = z.strictObject({
  action: z.literal('redrive'),
  connector: z.optional(z.string()),
  includeUnparsed: z._default(z.boolean(), false),
  after: z._default(z.nullable(z.string().check(z.minLength(1), z.maxLength(256))), null),
});

/**
 * Reads a manual invocation: `{"action":"redrive","connector":"default"}`. The connector may be left out when there is one.
 *
 * @throws InvalidInput naming every problem.
 */
export function parseInvocation(event: unknown, connectors: readonly ConnectorSettings[]): Invocation {
  const { connector: id, ...asked } = parseWith(manual, event, 'invocation');
  const ids = connectors.map((one) => one.id).join(', ');
  const [connector, another] = id === undefined ? connectors : connectors.filter((one) => one.id === id);
  if (connector === undefined) throw new InvalidInput('invocation', [`connector: there is no "${id?.slice(0, 64) ?? ''}"; this function has ${ids}`]);
  if (another !== undefined) throw new InvalidInput('invocation', [`connector: say which one; this function has ${ids}`]);
  return { ...asked, connector };
}
