import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Millis } from '../domain/time';
import type { Clock, Deadline } from '../domain/deadline';
import { createConnectorItems, type ConnectorItems, type Item } from '../dynamodb/connector-items';
import { dialect, sweeps } from '../dynamodb/items';
import { INSTALLATION_KEY, STATE_KEY, statePartition } from '../dynamodb/keys';
import type { Table } from '../dynamodb/table';

/** Only another run's start, or another rewind, comes in between: more often than this is no coincidence. */
const TRIES = 5;

/** Where a connector stands. null: the attribute is not there, or is not what a connector writes. */
export interface Standing {
  readonly watermark: Millis | null;
  /** Nothing before it is read. */
  readonly startFrom: Millis | null;
  /** Until when the run that is under way holds the connector; in the past: none is. */
  readonly leaseUntil: Millis | null;
  /** The last commit. No watermark was ever later than it. */
  readonly lastOkAt: Millis | null;
}

/**
 * `missing`: the connector has no state. `ahead`: the instant lies after the watermark (after the last commit, where no
 * watermark can be read), and going there would skip what is between. `contended`: the token changed between each reading and writing.
 */
export type RewindOutcome = 'rewound' | 'missing' | 'ahead' | 'contended';

/** An operator's hand on a connector's place. Fails with the SDK's own errors. */
export interface Rewinder {
  /** undefined: the connector has no state. */
  look(connector: string): Promise<Standing | undefined>;
  /**
   * Sets the watermark back. Any run that is under way has lost its token and fails at its next commit. What was
   * published stays marked as seen. Works on a state that a run refuses to read, and leaves it readable.
   */
  rewind(connector: string, to: Millis): Promise<RewindOutcome>;
}

const orNull = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.nullable(schema), null);

const state = z.object({
  token: orNull(z.int()),
  rev: orNull(z.int()),
  wm: orNull(z.int()),
  leaseUntil: orNull(z.int()),
  lastOkAt: orNull(z.int()),
  dialect: orNull(dialect),
  sweeps: orNull(sweeps),
  failStreak: orNull(z.int()),
});
type ReadableState = z.infer<typeof state>;

const installation = z.object({
  installedAt: orNull(z.int()),
  startFrom: orNull(z.int()),
  committed: orNull(z.boolean()),
});

export function createRewinder({
  table,
  clock,
  deadline,
}: {
  readonly table: Table;
  readonly clock: Clock;
  readonly deadline: Deadline;
}): Rewinder {
  const itemsOf = (connector: string) => createConnectorItems(table, statePartition(connector), deadline);

  return {
    async look(connector) {
      const items = itemsOf(connector);
      const [found, born] = await Promise.all([items.get(STATE_KEY), items.get(INSTALLATION_KEY)]);
      if (found === undefined) return undefined;
      const { wm, leaseUntil, lastOkAt } = read(state, found);
      return {
        watermark: wm,
        startFrom: born === undefined ? null : read(installation, born).startFrom,
        leaseUntil,
        lastOkAt,
      };
    },
    async rewind(connector, to) {
      const items = itemsOf(connector);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const found = await items.get(STATE_KEY);
        if (found === undefined) return 'missing';
        const standing = read(state, found);
        const latest = standing.wm ?? standing.lastOkAt;
        if (latest !== null && to > latest) return 'ahead';
        // First, because a place before the start would be read, but never swept.
        await lowerStart(items, to);
        if ((await setBack(items, standing, to, clock.now())) !== 'refused') return 'rewound';
      }
      return 'contended';
    },
  };
}

/** Numbers that a double cannot hold are rounded: they are not ours in any case. */
function read<Schema extends z.ZodMiniType>(schema: Schema, item: Item): z.output<Schema> {
  return z.parse(schema, unmarshall(item, { wrapNumbers: Number }));
}

/**
 * Touches what has to change and nothing else, under the token alone: a run commits several times a second, and its
 * commits in between must neither hold the rewind off nor be taken back beyond it.
 */
async function setBack(items: ConnectorItems, standing: ReadableState, to: Millis, now: Millis): Promise<unknown> {
  const { token, rev, dialect: answered, sweeps: swept, failStreak } = standing;
  // Without its owner and its last commit in it, no run takes the item for one that it has written itself.
  const remove = ['#inflight', '#notBefore', '#owner', '#lastCommitId', '#working'];
  if (answered === null) remove.push('#dialect');
  if (swept === null) remove.push('#sweeps');
  if (failStreak === null) remove.push('#failStreak');
  return items.update(STATE_KEY, {
    set: [
      '#wm = :to',
      '#token = :nextToken',
      '#leaseUntil = :zero',
      rev === null ? '#rev = :one' : '#rev = #rev + :one',
      ...(swept === null ? [] : ['#sweeps.#hourly.#inflight = :none', '#sweeps.#daily.#inflight = :none']),
    ],
    remove,
    when: token === null ? 'attribute_exists(#pk)' : '#token = :token',
    values: {
      to,
      ...(token === null ? {} : { token }),
      // No count of runs comes near the clock: whatever token there was before, no run holds this one.
      nextToken: (token ?? now) + 1,
      zero: 0,
      one: 1,
      ...(swept === null ? {} : { none: null }),
    },
  });
}

async function lowerStart(items: ConnectorItems, to: Millis): Promise<void> {
  const found = await items.get(INSTALLATION_KEY);
  if (found === undefined) return;
  const { installedAt, startFrom, committed } = read(installation, found);
  if (installedAt !== null && committed !== null && startFrom !== null && startFrom <= to) return;
  await items.update(INSTALLATION_KEY, {
    set: ['#startFrom = :startFrom', '#installedAt = :installedAt', '#committed = :committed'],
    when: 'attribute_exists(#pk)',
    values: { startFrom: Math.min(startFrom ?? to, to), installedAt: installedAt ?? to, committed: committed ?? true },
  });
}
