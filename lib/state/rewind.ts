import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Clock, Deadline, Millis } from '../connector/ports';
import { createConnectorItems, type ConnectorItems, type Item } from './connector-items';
import { dialect, sweeps } from './items';
import { GENESIS_KEY, STATE_KEY, statePartition } from './keys';
import type { Table } from './table';

/** A live run commits a few times a second: more refusals than this are no coincidence. */
const TRIES = 20;

/** Where a connector stands. null: the attribute is not there, or is not what a connector writes. */
export interface Standing {
  readonly watermark: Millis | null;
  /** Nothing before it is read. */
  readonly startFrom: Millis | null;
  /** When the dialect was switched: the same record has another id on its other side. */
  readonly idFloor: Millis | null;
  /** Until when the run that is under way holds the connector; in the past: none is. */
  readonly leaseUntil: Millis | null;
  /** The last commit. No watermark was ever later than it. */
  readonly lastOkAt: Millis | null;
}

/**
 * `missing`: the connector has no state. `ahead`: the instant lies after the watermark (after the last commit, where no
 * watermark can be read), and going there would skip what is between. `contended`: a run wrote between each reading and writing.
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
  idFloor: orNull(z.int()),
  dialect: orNull(dialect),
  sweeps: orNull(sweeps),
  failStreak: z.catch(z.int(), 0),
});
type ReadableState = z.infer<typeof state>;

const genesis = z.object({ installedAt: orNull(z.int()), startFrom: orNull(z.int()), committed: orNull(z.boolean()) });

export function createRewinder({ table, clock, deadline }: { readonly table: Table; readonly clock: Clock; readonly deadline: Deadline }): Rewinder {
  const itemsOf = (connector: string) => createConnectorItems(table, statePartition(connector), deadline);

  return {
    async look(connector) {
      const items = itemsOf(connector);
      const [found, born] = await Promise.all([items.get(STATE_KEY), items.get(GENESIS_KEY)]);
      if (found === undefined) return undefined;
      const { wm, idFloor, leaseUntil, lastOkAt } = read(state, found);
      return { watermark: wm, startFrom: born === undefined ? null : read(genesis, born).startFrom, idFloor, leaseUntil, lastOkAt };
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

async function setBack(items: ConnectorItems, standing: ReadableState, to: Millis, now: Millis): Promise<unknown> {
  const { token, rev, idFloor, sweeps: swept } = standing;
  const idle = swept && { hourly: { ...swept.hourly, inflight: null }, daily: { ...swept.daily, inflight: null } };
  return items.update(STATE_KEY, {
    set: [
      '#wm = :to', '#token = :nextToken', '#rev = :nextRev', '#leaseUntil = :zero', '#failStreak = :failStreak',
      '#dialect = :dialect', '#idFloor = :idFloor', ...(idle === null ? [] : ['#sweeps = :sweeps']),
    ],
    // Without its owner and its last commit in it, no run takes the item for one that it has written itself.
    remove: ['#inflight', '#notBefore', '#owner', '#lastCommitId', ...(idle === null ? ['#sweeps'] : [])],
    when: ['attribute_exists(#pk)', ...(token === null ? [] : ['#token = :token']), ...(rev === null ? [] : ['#rev = :rev'])].join(' AND '),
    values: {
      to,
      ...(token === null ? {} : { token }),
      ...(rev === null ? {} : { rev }),
      // No count of runs comes near the clock: whatever token there was before, no run holds this one.
      nextToken: (token ?? now) + 1,
      nextRev: (rev ?? 0) + 1,
      zero: 0,
      failStreak: standing.failStreak,
      dialect: standing.dialect,
      // Or the overlap would stop above the place that was asked for.
      idFloor: idFloor === null ? null : Math.min(idFloor, to),
      ...(idle === null ? {} : { sweeps: idle }),
    },
  });
}

async function lowerStart(items: ConnectorItems, to: Millis): Promise<void> {
  const found = await items.get(GENESIS_KEY);
  if (found === undefined) return;
  const { installedAt, startFrom, committed } = read(genesis, found);
  if (installedAt !== null && committed !== null && startFrom !== null && startFrom <= to) return;
  await items.update(GENESIS_KEY, {
    set: ['#startFrom = :startFrom', '#installedAt = :installedAt', '#committed = :committed'],
    when: 'attribute_exists(#pk)',
    values: { startFrom: Math.min(startFrom ?? to, to), installedAt: installedAt ?? to, committed: committed ?? true },
  });
}
