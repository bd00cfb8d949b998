import * as z from 'zod/mini';
import { planInvocation, reportInvocation, runInvocation, sliceInvocation } from '../../lib/contract/backfill';
import { InvalidInput, parseWith } from '../../lib/contract/parse';
import type { ConnectorSettings } from '../../lib/contract/settings';

const SUBJECT = 'invocation';

/** The input of each action. */
const INPUTS = {
  backfill: runInvocation,
  plan: planInvocation,
  slice: z.strictObject(sliceInvocation.shape),
  report: reportInvocation,
  redrive: z.strictObject({
    action: z.literal('redrive'),
    connector: z.exactOptional(z.string()),
    /** Also sends events of unparsed records, which were published once already. */
    includeUnparsed: z._default(z.boolean(), false),
    /** Continues after this ledger entry, as an earlier answer named it; null: from the first. */
    after: z._default(z.nullable(z.string().check(z.minLength(1), z.maxLength(256))), null),
  }),
};

type Inputs = { readonly [Action in keyof typeof INPUTS]: z.output<(typeof INPUTS)[Action]> };

export type Invocation = {
  readonly [Action in keyof Inputs]: {
    readonly action: Action;
    readonly connector: ConnectorSettings;
    readonly input: Inputs[Action];
  };
}[keyof Inputs];

const anyInvocation = z.looseObject({
  action: z._default(
    z.enum(
      ['backfill', 'plan', 'slice', 'report', 'redrive'],
      'must be "backfill" (or left out), "plan", "slice", "report" or "redrive"',
    ),
    'backfill',
  ),
});

/**
 * Parses an invocation, manual or by the workflow. The connector may be left out when there is only one.
 *
 * @throws InvalidInput naming every problem.
 */
export function parseInvocation(event: unknown, connectors: readonly ConnectorSettings[]): Invocation {
  const { action } = parseWith(anyInvocation, event, SUBJECT);
  const input = parseWith(INPUTS[action], event, SUBJECT);
  return { action, connector: choose(input.connector, connectors), input } as Invocation;
}

function choose(id: string | undefined, connectors: readonly ConnectorSettings[]): ConnectorSettings {
  const ids = connectors.map((one) => one.id).join(', ');
  const [chosen, another] = id === undefined ? connectors : connectors.filter((one) => one.id === id);
  if (chosen === undefined)
    throw new InvalidInput(SUBJECT, [`connector: there is no "${id?.slice(0, 64) ?? ''}"; this function has ${ids}`]);
  if (another !== undefined) throw new InvalidInput(SUBJECT, [`connector: say which one; this function has ${ids}`]);
  return chosen;
}
