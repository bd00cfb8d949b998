import { backfill, backfillSlice, planBackfill, reportBackfill } from '../../lib/backfill/backfill';
import { redrive, type RedriveReport } from '../../lib/backfill/redrive';
import { BACKFILL_ERROR, type BackfillPlan, type BackfillReport } from '../../lib/contract/backfill';
import { InvalidInput } from '../../lib/contract/parse';
import type { Deadline } from '../../lib/domain/deadline';
import { toConnectorError, type ConnectorError } from '../../lib/domain/errors';
import { createHandler } from '../common/handler';
import { createClients } from './clients';
import { parseInvocation, type Invocation } from './invocation';

type Deps = ReturnType<typeof createClients>;
type Answer = BackfillReport | BackfillPlan | { readonly connectors: readonly RedriveReport[] };

/**
 * The entry point of manual invocations and of the workflow: a range (`{"from":…,"until":…}` or `{"last":"P7D"}`), or
 * `{"action":…}` of `plan`, `slice`, `report` and `redrive`. An answer with `done: false` ran out of time and says how to
 * continue.
 *
 * @throws InvalidInput for a wrong environment or invocation; an error named as in BACKFILL_ERROR, or RedriveFailed, whose
 * message is `<connector>: <CODE> <what to do>`.
 */
export const handler = createHandler(createClients, async (event, settings, deps, deadline): Promise<Answer> => {
  const invocation = parseInvocation(event, settings.connectors);
  const { action, connector } = invocation;
  try {
    return await run(invocation, deps, deadline);
  } catch (thrown) {
    if (thrown instanceof InvalidInput) throw thrown;
    const error = toConnectorError(thrown);
    deps.telemetry.error(`${action} failed`, { connector: connector.id, code: error.code, reason: error.message });
    // Lambda passes on an error's name and message only, so the code is part of the message.
    const failure = new Error(`${connector.id}: ${error.code} ${error.message}`, { cause: thrown });
    failure.name = action === 'redrive' ? 'RedriveFailed' : nameOf(error);
    throw failure;
  }
});

async function run(invocation: Invocation, deps: Deps, deadline: Deadline): Promise<Answer> {
  const { connector } = invocation;
  switch (invocation.action) {
    case 'backfill':
      return backfill(connector, invocation.input, deps, deadline);
    case 'plan':
      return planBackfill(connector, invocation.input, deps, deadline);
    case 'slice':
      return backfillSlice(connector, invocation.input, deps, deadline);
    case 'report':
      return reportBackfill(connector, invocation.input.jobId, deps, deadline);
    case 'redrive': {
      const { includeUnparsed, after } = invocation.input;
      return { connectors: [await redrive({ connector: connector.id, includeUnparsed, after }, deps, deadline)] };
    }
  }
}

function nameOf({ code, retryAfterMs }: ConnectorError): string {
  if (code === 'LEASE_HELD') return BACKFILL_ERROR.busy;
  return code === 'RATE_LIMITED' && retryAfterMs !== undefined ? BACKFILL_ERROR.waiting : BACKFILL_ERROR.failed;
}
