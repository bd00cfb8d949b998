import type { Context } from 'aws-lambda';
import { backfill, backfillSlice, planBackfill, reportBackfill } from '../../lib/backfill/backfill';
import { createDeadline } from '../../lib/domain/deadline';
import { toConnectorError, type ConnectorError } from '../../lib/domain/errors';
import type { Deadline } from '../../lib/domain/deadline';
import { redrive, type RedriveReport } from '../../lib/backfill/redrive';
import { BACKFILL_ERROR, type BackfillPlan, type BackfillReport } from '../../lib/contract/backfill';
import { InvalidInput } from '../../lib/contract/parse';
import { parseEnvironment } from '../../lib/contract/settings';
import { parseInvocation, type Invocation } from './invocation';
import { wire } from './clients';

/** Milliseconds between our deadline and Lambda's: the answer has to get out. */
const SHUTDOWN_MS = 1_000;

let sandbox: { settings: ReturnType<typeof parseEnvironment>; deps: ReturnType<typeof wire> } | undefined;

type Answer = BackfillReport | BackfillPlan | { readonly connectors: readonly RedriveReport[] };

/**
 * The manual door: a range (`{"from":…,"until":…}` or `{"last":"P7D"}`), and `{"action":…}` of `plan`, `slice`, `report` and
 * `redrive`. An answer with `done: false` ran out of time and says how to go on.
 *
 * @throws InvalidInput for a wrong environment or invocation; an error named as in BACKFILL_ERROR, or RedriveFailed, whose
 * message is `<connector>: <CODE> <what to do>`.
 */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<Answer> {
  sandbox ??= open();
  const { settings, deps } = sandbox;
  const asked = parseInvocation(event, settings.connectors);
  const deadline = createDeadline(deps.clock, deps.clock.now() + context.getRemainingTimeInMillis() - SHUTDOWN_MS);
  try {
    return await answer(asked, deps, deadline);
  } catch (thrown) {
    if (thrown instanceof InvalidInput) throw thrown;
    const error = toConnectorError(thrown);
    deps.telemetry.error(`${asked.action} failed`, {
      connector: asked.connector.id,
      code: error.code,
      reason: error.message,
    });
    throw new InvocationFailed(
      asked.action === 'redrive' ? 'RedriveFailed' : nameOf(error),
      `${asked.connector.id}: ${error.code} ${error.message}`,
      { cause: thrown },
    );
  } finally {
    deps.telemetry.flush();
  }
}

async function answer(asked: Invocation, deps: ReturnType<typeof wire>, deadline: Deadline): Promise<Answer> {
  const { connector } = asked;
  switch (asked.action) {
    case 'backfill':
      return backfill(connector, asked.request, deps, deadline);
    case 'plan':
      return planBackfill(connector, asked.request, deps, deadline);
    case 'slice':
      return backfillSlice(connector, asked.invocation, deps, deadline);
    case 'report':
      return reportBackfill(connector, asked.jobId, deps, deadline);
    case 'redrive':
      return {
        connectors: [
          await redrive(
            { connector: connector.id, includeUnparsed: asked.includeUnparsed, after: asked.after },
            deps,
            deadline,
          ),
        ],
      };
  }
}

function nameOf({ code, retryAfterMs }: ConnectorError): string {
  if (code === 'LEASE_HELD') return BACKFILL_ERROR.busy;
  return code === 'RATE_LIMITED' && retryAfterMs !== undefined ? BACKFILL_ERROR.waiting : BACKFILL_ERROR.failed;
}

/** Lambda passes on the name and the message of an error, and nothing else: the code has to be in it. */
class InvocationFailed extends Error {
  constructor(
    override readonly name: string,
    message: string,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

function open() {
  const settings = parseEnvironment(process.env);
  return { settings, deps: wire(settings) };
}
