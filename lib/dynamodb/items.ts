import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { ConnectorError } from '../domain/errors';
import { backfillCounts } from '../contract/backfill';
import { DIALECT_NAMES } from '../contract/dialects';
import { InvalidInput, parseWith } from '../contract/parse';
import type { Item } from './connector-items';

const millis = z.int();
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const dialect = z.enum(DIALECT_NAMES);
const window = z.object({ from: millis, until: millis });

const installation = z.object({
  installedAt: millis,
  startFrom: millis,
  tailnetKey: z._default(z.nullable(z.string()), null),
  tailnetId: z._default(z.nullable(z.string()), null),
  /** Missing in items of versions whose ids had no key. */
  idKey: z.optional(z.string()),
  committed: z._default(z.boolean(), false),
});
export type InstallationItem = z.infer<typeof installation>;

const inflight = z.extend(window, {
  asOf: z.nullable(millis),
  cursor: z.nullable(z.string()),
  page: z.int(),
  restarts: z.int(),
});

const sweep = z.object({ doneFrom: millis, inflight: z.nullable(z.extend(inflight, { startedAt: millis })) });

const owed = z.object({
  kind: z.enum(['blind', 'recovered', 'catchingUp', 'tailnetChanged', 'dialectChanged']),
  description: z.string(),
  code: z.nullable(z.string()),
  at: millis,
  runId: z.string(),
  interval: z.nullable(window),
});

/** Records that a run works on: 8 bytes each (see idHalf), one after the other. */
const working = z.object({ ids: bytes, deaths: z.int() });

/** What every checkpoint under a lease keeps. */
const lease = z.object({
  token: z.int(),
  owner: z.optional(z.string()),
  rev: z.int(),
  lastCommitId: z.optional(z.string()),
  notBefore: z.optional(millis),
  working: z.optional(working),
});
export type LeaseItem = z.infer<typeof lease>;

const state = z.extend(lease, {
  wm: millis,
  inflight: z._default(z.nullable(inflight), null),
  dialect: z._default(z.nullable(dialect), null),
  sweeps: z.optional(z.object({ hourly: sweep, daily: sweep })),
  failStreak: z._default(z.int(), 0),
  lastFailure: z.optional(z.string()),
  // These describe how runs ended, not the checkpoint: damaged, they must not stop a run.
  /** `leaseUntil` of the run before; 0: it released its lease. */
  previousLease: z.catch(millis, 0),
  leaseUntil: z.catch(z.nullable(millis), null),
  lastOkAt: z.catch(z.nullable(millis), null),
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

const job = z.extend(window, {
  sk: z.string(),
  connector: z.string(),
  dialect,
  force: z.boolean(),
  dryRun: z.boolean(),
  notes: z.array(z.string()),
  sliceMs: z.int().check(z.positive()),
});

const slice = z.extend(lease, {
  index: z.int(),
  until: millis,
  readTo: millis,
  unread: z._default(z.array(window), []),
  inflight: z._default(z.nullable(inflight), null),
  counts: backfillCounts,
  startedAt: millis,
  updatedAt: z.optional(millis),
});
export type SliceItem = z.infer<typeof slice>;

/** Elements of one hour: 16 bytes each, the id's half first. */
const published = z.object({
  sk: z.string(),
  n: z.int(),
  ids: z.custom<ReadonlySet<Uint8Array>>((value) => value instanceof Set),
});

const quarantined = z.object({
  id: z.string(),
  status: z.enum(['quarantined', 'redriven']),
  reason: z.string(),
  bucket: z.string(),
  key: z.string(),
  sha256: z.string(),
  bytes: z.int().check(z.nonnegative()),
  at: millis,
  position: z._default(z.nullable(z.string()), null),
});

const SET_BACK = 'Put it right, or set the watermark back with tailscale-audit rewind';
const FORGET_JOB = 'Put it right, or ask for the same range with another rerun';
const DELETE = 'Put it right, or delete it: the object in the archive stays';

export const parseInstallation = (item: Item) => parseItem(installation, item, 'the GENESIS item', SET_BACK);
export const parseState = (item: Item) => parseItem(state, item, 'the STATE item', SET_BACK);
export const parsePublished = (item: Item) => parseItem(published, item, 'the SEEN item', SET_BACK);
export const parseGap = (item: Item) => parseItem(window, item, 'the GAP item', SET_BACK);
export const parseJob = (item: Item) => parseItem(job, item, 'the backfill job item', FORGET_JOB);
export const parseSlice = (item: Item) => parseItem(slice, item, 'the backfill slice item', FORGET_JOB);
export const parseQuarantined = (item: Item) =>
  parseItem(quarantined, item, `the ledger's item ${item['sk']?.S ?? ''}`, DELETE);

/** @throws ConnectorError STATE_INVALID naming the attribute: the connector did not write the item like this. */
function parseItem<Schema extends z.ZodMiniType>(
  schema: Schema,
  item: Item,
  name: string,
  advice: string,
): z.output<Schema> {
  try {
    return parseWith(schema, unmarshall(item), name);
  } catch (error) {
    const problem = error instanceof InvalidInput ? error.message : `${name}: ${String(error)}`;
    throw new ConnectorError('STATE_INVALID', `${problem}; somebody else wrote it. ${advice}`);
  }
}

const orNull = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.nullable(schema), null);

const damagedState = z.object({
  token: orNull(state.shape.token),
  rev: orNull(state.shape.rev),
  wm: orNull(state.shape.wm),
  leaseUntil: state.shape.leaseUntil,
  lastOkAt: state.shape.lastOkAt,
  dialect: orNull(state.shape.dialect),
  sweeps: orNull(state.shape.sweeps),
  failStreak: orNull(state.shape.failStreak),
});
export type DamagedState = z.infer<typeof damagedState>;

const damagedInstallation = z.object({
  installedAt: orNull(installation.shape.installedAt),
  startFrom: orNull(installation.shape.startFrom),
  committed: orNull(z.boolean()),
});

/** Reads a state that may be damaged. null: the attribute is not valid. */
export const readDamagedState = (item: Item) => z.parse(damagedState, unmarshallLoosely(item));
/** Reads an installation record that may be damaged. null: the attribute is missing or not valid. */
export const readDamagedInstallation = (item: Item) => z.parse(damagedInstallation, unmarshallLoosely(item));

/** Rounds numbers that a double cannot hold: the connector writes none of these. */
const unmarshallLoosely = (item: Item) => unmarshall(item, { wrapNumbers: Number });
