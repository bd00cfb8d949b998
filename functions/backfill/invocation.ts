import * as z from 'zod/mini';
import {
  planInvocation,
  reportInvocation,
  runInvocation,
  sliceInvocation,
  type PlanInvocation,
  type RunInvocation,
  type SliceInvocation,
} from '../../lib/contract/backfill';
import { InvalidInput, parseWith } from '../../lib/contract/parse';
import type { ConnectorSettings } from '../../lib/contract/settings';

/** What one invocation asks for. */
export type Invocation = { readonly connector: ConnectorSettings } & (
  | { readonly action: 'backfill'; readonly request: RunInvocation }
  | { readonly action: 'plan'; readonly request: PlanInvocation }
  | { readonly action: 'slice'; readonly invocation: SliceInvocation }
  | { readonly action: 'report'; readonly jobId: string }
  | {
      readonly action: 'redrive';
      /** Events that could not be read too: those were on the bus once, as they came. */
      readonly includeUnparsed: boolean;
      /** Goes on behind this ledger entry, as an earlier answer named it; null: from the first one. */
      readonly after: string | null;
    }
);

const SUBJECT = 'invocation';

const redrive = z.strictObject({
  action: z.literal('redrive'),
  connector: z.exactOptional(z.string()),
  includeUnparsed: z._default(z.boolean(), false),
  after: z._default(z.nullable(z.string().check(z.minLength(1), z.maxLength(256))), null),
});

const asked = z.looseObject({
  action: z._default(
    z.enum(
      ['backfill', 'plan', 'slice', 'report', 'redrive'],
      'must be "backfill" (or left out), "plan", "slice", "report" or "redrive"',
    ),
    'backfill',
  ),
});

/**
 * Reads a manual invocation, or one of the workflow's. The connector may be left out when there is one.
 *
 * @throws InvalidInput naming every problem.
 */
export function parseInvocation(event: unknown, connectors: readonly ConnectorSettings[]): Invocation {
  const { action } = parseWith(asked, event, SUBJECT);
  switch (action) {
    case 'backfill': {
      const request = parseWith(runInvocation, event, SUBJECT);
      return { action, connector: choose(request.connector, connectors), request };
    }
    case 'plan': {
      const request = parseWith(planInvocation, event, SUBJECT);
      return { action, connector: choose(request.connector, connectors), request };
    }
    case 'slice': {
      const invocation = parseWith(z.strictObject(sliceInvocation.shape), event, SUBJECT);
      return { action, connector: choose(invocation.connector, connectors), invocation };
    }
    case 'report': {
      const { connector: id, jobId: job } = parseWith(reportInvocation, event, SUBJECT);
      return { action, connector: choose(id, connectors), jobId: job };
    }
    case 'redrive': {
      const { connector: id, includeUnparsed, after } = parseWith(redrive, event, SUBJECT);
      return { action, connector: choose(id, connectors), includeUnparsed, after };
    }
  }
}

function choose(id: string | undefined, connectors: readonly ConnectorSettings[]): ConnectorSettings {
  const ids = connectors.map((one) => one.id).join(', ');
  const [chosen, another] = id === undefined ? connectors : connectors.filter((one) => one.id === id);
  if (chosen === undefined)
    throw new InvalidInput(SUBJECT, [`connector: there is no "${id?.slice(0, 64) ?? ''}"; this function has ${ids}`]);
  if (another !== undefined) throw new InvalidInput(SUBJECT, [`connector: say which one; this function has ${ids}`]);
  return chosen;
}
