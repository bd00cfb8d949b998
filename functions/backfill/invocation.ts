import * as z from 'zod/mini';
import { MAX_SLICE_HOURS } from '../../lib/contract/backfill';
import { InvalidInput, parseWith } from '../../lib/contract/parse';
import type { ConnectorSettings } from '../../lib/contract/settings';

const SUBJECT = 'invocation';

const text = z.string().check(z.maxLength(64));
const connector = z.exactOptional(z.string());
const jobId = z.string().check(z.regex(/^bf-[0-9a-f]{32}$/, 'must be a job id such as an answer names it'));

const range = {
  connector,
  from: z.exactOptional(text),
  until: z.exactOptional(text),
  last: z.exactOptional(text),
  force: z.exactOptional(z.boolean()),
  dryRun: z.exactOptional(z.boolean()),
  rerun: z.exactOptional(z.int().check(z.minimum(1), z.maximum(1_000_000))),
};

/** The input of each action. */
const INPUTS = {
  backfill: z.strictObject({ action: z.exactOptional(z.literal('backfill')), ...range }),
  plan: z.strictObject({
    action: z.literal('plan'),
    ...range,
    sliceHours: z.exactOptional(z.int().check(z.minimum(1), z.maximum(MAX_SLICE_HOURS))),
  }),
  slice: z.strictObject({
    action: z.literal('slice'),
    connector: z.string(),
    jobId,
    slice: z.int().check(z.nonnegative()),
    from: text,
    until: text,
    force: z.boolean(),
    dryRun: z.boolean(),
  }),
  report: z.strictObject({ action: z.literal('report'), connector, jobId }),
  redrive: z.strictObject({
    action: z.literal('redrive'),
    connector,
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
