import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Millis, Window } from '../domain/time';
import type { Deadline } from '../domain/deadline';
import { parseWith } from '../contract/parse';
import type { Item } from '../dynamodb/connector-items';
import {
  parseGap,
  parseInstallation,
  parseJob,
  parseSlice,
  parseState,
  type InstallationItem,
  type StateItem,
} from '../dynamodb/items';
import {
  backfillPartition,
  INSTALLATION_KEY,
  ledgerPartition,
  quarantineKey,
  STATE_KEY,
  statePartition,
} from '../dynamodb/keys';
import { queryItems } from '../dynamodb/query-items';
import type { Table } from '../dynamodb/table';

/** What the table knows of a connector. Reading it changes nothing. */
export interface ConnectorStatus {
  /** null: the function has never run for it, or the item cannot be read. */
  readonly installation: InstallationItem | null;
  /** null: there is none, or it cannot be read. */
  readonly state: StateStatus | null;
  /** Intervals that are lost, oldest first. They stay in the ledger for good. */
  readonly gaps: readonly Window[];
  readonly quarantine: QuarantineStatus;
  readonly backfills: readonly BackfillStatus[];
  /** Items that are not as a connector writes them. */
  readonly unreadable: readonly UnreadableItem[];
}

export interface StateStatus extends StateItem {
  /** Until when the run that is under way holds the connector; in the past, or null: none is. */
  readonly leaseUntil: Millis | null;
  /** The last commit. */
  readonly lastOkAt: Millis | null;
}

/** Counts of entries. */
export interface QuarantineStatus {
  /** Those that a redrive would try. */
  readonly waiting: number;
  /** How many of these were on the bus as they came, because they could not be read. */
  readonly unparsed: number;
  readonly redriven: number;
  /** When the oldest waiting one was put aside. */
  readonly oldestAt: Millis | null;
}

/** A backfill that has not read all of its range. */
export interface BackfillStatus extends Window {
  readonly job: string;
  readonly slices: number;
  readonly slicesDone: number;
  /** Events so far. */
  readonly emitted: number;
  /** The last that was heard of it; null: none of its slices has begun. */
  readonly lastAt: Millis | null;
}

export interface UnreadableItem {
  /** Its keys: `TN#default STATE`. */
  readonly item: string;
  readonly problem: string;
}

export interface StatusReader {
  /** One Query for each of the connector's partitions but that of the seen ids. Fails with the SDK's own errors. */
  read(connector: string): Promise<ConnectorStatus>;
}

const millis = z.int();
const timing = z.object({ leaseUntil: z.catch(z.nullable(millis), null), lastOkAt: z.catch(z.nullable(millis), null) });
const quarantined = z.object({ status: z.enum(['quarantined', 'redriven']), reason: z.string(), at: millis });

export function createStatusReader({
  table,
  deadline,
}: {
  readonly table: Table;
  readonly deadline: Deadline;
}): StatusReader {
  const itemsOf = (pk: string) => queryItems(table, pk, deadline);

  return {
    async read(connector) {
      const unreadable: UnreadableItem[] = [];
      /** null: the item is unreadable, and listed as such. */
      const reading = <Value>(item: Item, parse: (item: Item) => Value): Value | null => {
        try {
          return parse(item);
        } catch (error) {
          unreadable.push({
            item: `${item['pk']?.S ?? '?'} ${keyOf(item)}`,
            problem: error instanceof Error ? error.message : String(error),
          });
          return null;
        }
      };
      const [live, ledger, backfills] = await Promise.all([
        readLive(itemsOf(statePartition(connector)), reading),
        readLedger(itemsOf(ledgerPartition(connector)), reading),
        readBackfills(itemsOf(backfillPartition(connector)), reading),
      ]);
      return { ...live, ...ledger, backfills, unreadable };
    },
  };
}

type Reading = <Value>(item: Item, parse: (item: Item) => Value) => Value | null;

async function readLive(
  items: AsyncIterable<Item>,
  reading: Reading,
): Promise<Pick<ConnectorStatus, 'installation' | 'state'>> {
  let installation: InstallationItem | null = null;
  let state: StateStatus | null = null;
  for await (const item of items) {
    if (keyOf(item) === INSTALLATION_KEY) installation = reading(item, parseInstallation);
    if (keyOf(item) === STATE_KEY) state = reading(item, parseStateStatus);
  }
  return { installation, state };
}

function parseStateStatus(item: Item): StateStatus {
  return { ...parseState(item), ...z.parse(timing, unmarshall(item)) };
}

async function readLedger(
  items: AsyncIterable<Item>,
  reading: Reading,
): Promise<Pick<ConnectorStatus, 'gaps' | 'quarantine'>> {
  const gaps: Window[] = [];
  const quarantine = { waiting: 0, unparsed: 0, redriven: 0, oldestAt: null as Millis | null };
  for await (const item of items) {
    if (!keyOf(item).startsWith(quarantineKey(''))) {
      const lost = reading(item, parseGap);
      if (lost !== null) gaps.push(lost);
      continue;
    }
    const entry = reading(item, (one) => parseWith(quarantined, unmarshall(one), "the ledger's item"));
    if (entry === null) continue;
    if (entry.status === 'redriven') {
      quarantine.redriven += 1;
      continue;
    }
    quarantine.waiting += 1;
    if (entry.reason === 'unparsed') quarantine.unparsed += 1;
    quarantine.oldestAt = Math.min(quarantine.oldestAt ?? entry.at, entry.at);
  }
  return { gaps: gaps.sort((one, other) => one.from - other.from), quarantine };
}

/** Sort keys are `<job>` and `<job>#<slice>`. A slice that has not begun has no item. */
async function readBackfills(items: AsyncIterable<Item>, reading: Reading): Promise<BackfillStatus[]> {
  const jobs = new Map<string, ReturnType<typeof parseJob>>();
  const slices = new Map<string, ReturnType<typeof parseSlice>[]>();
  for await (const item of items) {
    const [job = '', number] = keyOf(item).split('#');
    if (number === undefined) {
      const read = reading(item, parseJob);
      if (read !== null) jobs.set(job, read);
    } else {
      const read = reading(item, parseSlice);
      if (read !== null) slices.set(job, [...(slices.get(job) ?? []), read]);
    }
  }
  return [...jobs].flatMap(([job, { from, until, sliceMs }]) => {
    const begun = slices.get(job) ?? [];
    const count = Math.max(1, Math.ceil((until - from) / sliceMs));
    const slicesDone = begun.filter((slice) => slice.readTo >= slice.until).length;
    if (slicesDone >= count) return [];
    const times = begun.map(({ startedAt, updatedAt = startedAt }) => updatedAt);
    return [
      {
        job,
        from,
        until,
        slices: count,
        slicesDone,
        emitted: begun.reduce((sum, { counts }) => sum + counts.emitted, 0),
        lastAt: times.length === 0 ? null : Math.max(...times),
      },
    ];
  });
}

function keyOf(item: Item): string {
  return item['sk']?.S ?? '';
}
