import pMap from 'p-map';
import pRetry from 'p-retry';
import * as z from 'zod/mini';
import { BACKFILL_ERROR, type BackfillPlan, type BackfillReport, type SliceInvocation } from '../lib/contract/backfill';
import { DEFAULT_CONCURRENCY } from '../lib/contract/backfill-workflow';
import { DEFAULT_API_URL, dialectSetting, ENV } from '../lib/contract/settings';
import { visible } from '../lib/contract/visible';
import { credentialFrom } from './credential';
import { startLocalConnector, type LocalConnector } from './local-connector';

/** What the one who started this process asks for, as JSON in the only argument. Answers go back as messages between the two. */
const asked = z.object({
  request: z.record(z.string(), z.unknown()),
  concurrency: z._default(z.int(), DEFAULT_CONCURRENCY),
  tailnet: z._default(z.string(), '-'),
  dialect: z._default(dialectSetting, 'auto'),
  state: z.optional(z.string()),
  /** Each event is a line on stdout. */
  events: z._default(z.boolean(), false),
});

/** Milliseconds between two looks at the slices. */
const LOOK_PERIOD = 300;

/** A slice that fails is tried again, each time after twice as long. Tailscale's own wish to wait is minutes long. */
const RETRIES = { retries: 8, minTimeout: 1_000, maxTimeout: 120_000 };

async function main(): Promise<void> {
  const { request, concurrency, tailnet, dialect, state, events } = z.parse(
    asked,
    JSON.parse(process.argv[2] ?? 'null'),
  );
  const credential = credentialFrom(process.env);
  if (credential === undefined)
    throw named(
      'InvalidInput',
      '--local reads a real tailnet: set TAILSCALE_API_KEY, or TAILSCALE_CLIENT_ID and TAILSCALE_CLIENT_SECRET',
    );
  const connector = await startLocalConnector({
    apiUrl: process.env[ENV.apiUrl] ?? DEFAULT_API_URL,
    tailnet,
    dialect,
    credential,
    stateDir: state,
    onEvent: (event) => {
      if (events) process.stdout.write(`${visible(JSON.stringify(event))}\n`);
    },
  });
  try {
    // A backfill asks the table whose log this is and where live polling reads; the first tick writes that down.
    await connector.tick();
    send({ output: await run(connector, request, concurrency) });
  } finally {
    await connector.close();
  }
}

async function run(connector: LocalConnector, request: object, concurrency: number): Promise<BackfillReport> {
  const plan = (await connector.backfill({ ...request, action: 'plan' })) as BackfillPlan;
  send({ plan });
  const look = async (): Promise<void> => {
    send({ slices: await connector.slices(plan.jobId) });
  };
  const looking = setInterval(() => void look(), LOOK_PERIOD);
  try {
    await pMap(plan.slices, (slice) => finish(connector, slice), { concurrency });
  } finally {
    clearInterval(looking);
  }
  await look();
  return (await connector.backfill({
    action: 'report',
    connector: plan.connector,
    jobId: plan.jobId,
  })) as BackfillReport;
}

/** Follows `next` to the slice's end. */
async function finish(connector: LocalConnector, slice: SliceInvocation): Promise<void> {
  for (let next: SliceInvocation | null = slice; next !== null;) {
    const invocation: SliceInvocation = next;
    const report = (await pRetry(() => connector.backfill(invocation), {
      ...RETRIES,
      shouldRetry: ({ error }) => Object.values<string>(BACKFILL_ERROR).includes(error.name),
    })) as BackfillReport;
    next = report.next;
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function send(message: object): void {
  process.send?.(message);
}

// Nobody is left who could stop it.
process.once('disconnect', () => process.exit(1));

void main().catch((error: unknown) => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  send({ error: name, cause: message });
});
