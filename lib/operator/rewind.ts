import type { Clock, Deadline } from '../domain/deadline';
import type { Millis } from '../domain/time';
import { createConnectorItems, itemExists, type ConnectorItems } from '../dynamodb/connector-items';
import { readDamagedInstallation, readDamagedState, type DamagedState } from '../dynamodb/items';
import { INSTALLATION_KEY, STATE_KEY, statePartition } from '../dynamodb/keys';
import { tokenIs } from '../dynamodb/leased-checkpoint';
import type { Table } from '../dynamodb/table';

/** Only the start of a run or another rewind changes the token: more attempts than this would mean another cause. */
const TRIES = 5;

/** A connector's checkpoint as far as it can be read. null: the attribute is missing or not valid. */
export interface WatermarkStatus {
  readonly watermark: Millis | null;
  /** Nothing before it is read. */
  readonly startFrom: Millis | null;
  /** When the lease of the present run ends; in the past: no run is under way. */
  readonly leaseUntil: Millis | null;
  /** The last commit. No watermark was ever later than it. */
  readonly lastOkAt: Millis | null;
}

/**
 * `missing`: the connector has no state. `ahead`: the instant is after the watermark (if that cannot be read, after the
 * last commit); going there would skip records. `contended`: the token changed between each read and write.
 */
export type RewindOutcome = 'rewound' | 'missing' | 'ahead' | 'contended';

/** Sets a connector's checkpoint back. Fails with the SDK's own errors. */
export interface Rewinder {
  /** undefined: the connector has no state. */
  look(connector: string): Promise<WatermarkStatus | undefined>;
  /**
   * Sets the watermark back. A run that is under way loses its lease and fails at its next commit. Published ids stay, so
   * that nothing is published twice. Also repairs a state that a run cannot read.
   */
  rewind(connector: string, to: Millis): Promise<RewindOutcome>;
}

export function createRewinder({
  table,
  clock,
  deadline,
}: {
  readonly table: Table;
  readonly clock: Clock;
  readonly deadline: Deadline;
}): Rewinder {
  const itemsOf = (connector: string) => createConnectorItems(table, statePartition(connector), deadline, 'sdk');

  return {
    async look(connector) {
      const items = itemsOf(connector);
      const [state, installation] = await Promise.all([items.get(STATE_KEY), items.get(INSTALLATION_KEY)]);
      if (state === undefined) return undefined;
      const { wm: watermark, leaseUntil, lastOkAt } = readDamagedState(state);
      const startFrom = installation === undefined ? null : readDamagedInstallation(installation).startFrom;
      return { watermark, startFrom, leaseUntil, lastOkAt };
    },
    async rewind(connector, to) {
      const items = itemsOf(connector);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const found = await items.get(STATE_KEY);
        if (found === undefined) return 'missing';
        const state = readDamagedState(found);
        const latest = state.wm ?? state.lastOkAt;
        if (latest !== null && to > latest) return 'ahead';
        // First, because a watermark before the start would be read, but never swept.
        await lowerStart(items, to);
        if ((await setBack(items, state, to, clock.now())) === 'written') return 'rewound';
      }
      return 'contended';
    },
  };
}

/**
 * Changes only what it must, and depends on the token alone: a run commits several times a second, and its commits must
 * neither keep the rewind from being written nor be undone beyond it.
 */
function setBack(
  items: ConnectorItems,
  { token, rev, dialect, sweeps, failStreak }: DamagedState,
  to: Millis,
  now: Millis,
): Promise<'written' | 'refused'> {
  return items.write(STATE_KEY, {
    set: {
      wm: to,
      // No count of runs comes near the clock: no run holds this token, whatever the damaged one was.
      token: (token ?? now) + 1,
      leaseUntil: 0,
      inflight: undefined,
      notBefore: undefined,
      working: undefined,
      // A run recognizes its own writes by these.
      owner: undefined,
      lastCommitId: undefined,
      ...(rev === null ? { rev: 1 } : {}),
      ...(dialect === null ? { dialect: undefined } : {}),
      ...(failStreak === null ? { failStreak: undefined } : {}),
      ...(sweeps == null ? { sweeps: undefined } : { 'sweeps.hourly.inflight': null, 'sweeps.daily.inflight': null }),
    },
    add: rev === null ? {} : { rev: 1 },
    when: [token === null ? itemExists : tokenIs(token)],
  });
}

async function lowerStart(items: ConnectorItems, to: Millis): Promise<void> {
  const found = await items.get(INSTALLATION_KEY);
  if (found === undefined) return;
  const { installedAt, startFrom, committed } = readDamagedInstallation(found);
  if (installedAt !== null && committed !== null && startFrom !== null && startFrom <= to) return;
  await items.write(INSTALLATION_KEY, {
    set: { startFrom: Math.min(startFrom ?? to, to), installedAt: installedAt ?? to, committed: committed ?? true },
    when: [itemExists],
  });
}
