import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { ConnectorError } from '../domain/errors';
import { DIALECT_NAMES } from '../contract/dialects';
import { InvalidInput, parseWith } from '../contract/parse';
import { working } from './working';

const millis = z.int();
export const dialect = z.enum(DIALECT_NAMES);

const installation = z.object({
  installedAt: millis,
  startFrom: millis,
  tailnetKey: z.optional(z.string()),
  tailnetId: z.optional(z.string()),
  idKey: z.optional(z.string()),
  committed: z._default(z.boolean(), false),
});
export type InstallationItem = z.infer<typeof installation>;

const inflight = z.object({
  from: millis,
  until: millis,
  asOf: z.nullable(millis),
  cursor: z.nullable(z.string()),
  page: z.int(),
  restarts: z.int(),
});

const sweep = z.object({ doneFrom: millis, inflight: z.nullable(z.extend(inflight, { startedAt: millis })) });
export const sweeps = z.object({ hourly: sweep, daily: sweep });

const owed = z.object({
  kind: z.enum(['blind', 'recovered', 'catchingUp', 'tailnetChanged', 'dialectChanged']),
  description: z.string(),
  code: z.nullable(z.string()),
  at: millis,
  runId: z.string(),
  interval: z.nullable(z.object({ from: millis, until: millis })),
});

const state = z.object({
  token: z.int(),
  owner: z.optional(z.string()),
  rev: z.int(),
  wm: millis,
  lastCommitId: z.optional(z.string()),
  notBefore: z.optional(millis),
  inflight: z._default(z.nullable(inflight), null),
  dialect: z._default(z.nullable(dialect), null),
  sweeps: z.optional(sweeps),
  failStreak: z._default(z.int(), 0),
  lastFailure: z.optional(z.string()),
  /** The lease that the run before left behind; 0: it gave its lease back. */
  previousLease: z.catch(millis, 0),
  // Damaged, these must not stop a run: they say how it fared, not where it is.
  working: z.catch(z.optional(working), undefined),
  ending: z.catch(
    z.nullable(
      z.object({ how: z.enum(['whole', 'partial', 'waiting', 'failed']), code: z.nullable(z.string()), since: millis }),
    ),
    null,
  ),
  progressAt: z.catch(z.nullable(millis), null),
  alert: z.catch(z.nullable(z.object({ kind: z.enum(['blind', 'catchingUp']), since: millis, at: millis })), null),
  owed: z.catch(z.array(owed), []),
  lastEventAt: z.catch(z.nullable(millis), null),
  matched: z.catch(z.record(z.string(), millis), {}),
});
export type StateItem = z.infer<typeof state>;

const counts = z.object({
  fetched: z.int(),
  emitted: z.int(),
  duplicates: z.int(),
  quarantined: z.int(),
  byAction: z.record(z.string(), z.int()),
  bySeverity: z.record(z.string(), z.int()),
});

const job = z.object({
  sk: z.string(),
  connector: z.string(),
  dialect,
  from: millis,
  until: millis,
  force: z.boolean(),
  dryRun: z.boolean(),
  notes: z.array(z.string()),
  sliceMs: z.int().check(z.positive()),
});

const slice = z.object({
  index: z.int(),
  until: millis,
  token: z.int(),
  owner: z.optional(z.string()),
  rev: z.int(),
  readTo: millis,
  unread: z._default(z.array(z.object({ from: millis, until: millis })), []),
  inflight: z._default(z.nullable(inflight), null),
  counts,
  lastCommitId: z.optional(z.string()),
  notBefore: z.optional(millis),
  startedAt: millis,
  updatedAt: z.optional(millis),
  working: z.optional(working),
});
export type SliceItem = z.infer<typeof slice>;

const gap = z.object({ from: millis, until: millis });

type Item = Record<string, AttributeValue>;

const seen = z.object({
  sk: z.string(),
  n: z.int(),
  ids: z.custom<ReadonlySet<Uint8Array>>((value) => value instanceof Set),
});
export type PublishedItem = z.infer<typeof seen>;

export const parseInstallation = (item: Item): InstallationItem => parseItem(installation, item, 'GENESIS');
export const parseState = (item: Item): StateItem => parseItem(state, item, 'STATE');
export const parsePublished = (item: Item): PublishedItem => parseItem(seen, item, 'SEEN');

export const parseGap = (item: Item) => parseItem(gap, item, 'GAP');
export const parseJob = (item: Item) => parseItem(job, item, 'backfill job', FORGET_JOB);
export const parseSlice = (item: Item): SliceItem => parseItem(slice, item, 'backfill slice', FORGET_JOB);

const SET_BACK = 'Put it right, or set the watermark back with tailscale-audit rewind';
const FORGET_JOB = 'Put it right, or ask for the same range with another rerun';

/** @throws ConnectorError STATE_INVALID naming the attribute: somebody else wrote the item. */
function parseItem<Schema extends z.ZodMiniType>(
  schema: Schema,
  item: Item,
  name: string,
  advice = SET_BACK,
): z.output<Schema> {
  try {
    return parseWith(schema, unmarshall(item), `the ${name} item`);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new ConnectorError('STATE_INVALID', `${error.message}; somebody else wrote it. ${advice}`);
  }
}
