import type { Deadline } from '../domain/deadline';
import type { Millis, Window } from '../domain/time';
import { createConnectorItems, type Item } from '../dynamodb/connector-items';
import {
  parseGap,
  parseInstallation,
  parseJob,
  parseQuarantined,
  parseSlice,
  parseState,
  type InstallationItem,
  type SliceItem,
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
import type { Table } from '../dynamodb/table';

/** A connector's items in the table, read only. */
export interface ConnectorStatus {
  /** null: the function has never run for it, or the item cannot be read. */
  readonly installation: InstallationItem | null;
  /** null: the item is missing or cannot be read. */
  readonly state: StateItem | null;
  /** Intervals of the log that are lost, oldest first. They stay in the ledger for good. */
  readonly gaps: readonly Window[];
  readonly quarantine: QuarantineStatus;
  readonly backfills: readonly BackfillStatus[];
  /** Items with attributes that are not valid. */
  readonly unreadable: readonly UnreadableItem[];
}

/** Counts of entries. */
export interface QuarantineStatus {
  /** Those that a redrive would try. */
  readonly waiting: number;
  /** Those of `waiting` that could not be parsed; they are on the bus too. */
  readonly unparsed: number;
  readonly redriven: number;
  /** When the oldest waiting entry was quarantined. */
  readonly oldestAt: Millis | null;
}

/** A backfill that has not read all of its range. */
export interface BackfillStatus extends Window {
  readonly job: string;
  readonly slices: number;
  readonly slicesDone: number;
  /** Events so far. */
  readonly emitted: number;
  /** The last commit of any slice, or else its start; null: no slice has begun. */
  readonly lastAt: Millis | null;
}

export interface UnreadableItem {
  /** Its keys: `TN#default STATE`. */
  readonly item: string;
  readonly problem: string;
}

export interface StatusReader {
  /** Queries every partition of the connector but the published ids. Fails with the SDK's own errors. */
  read(connector: string): Promise<ConnectorStatus>;
}

export function createStatusReader({
  table,
  deadline,
}: {
  readonly table: Table;
  readonly deadline: Deadline;
}): StatusReader {
  const itemsOf = (pk: string) => createConnectorItems(table, pk, deadline, 'sdk').list();

  return {
    async read(connector) {
      const unreadable: UnreadableItem[] = [];
      /** Those of the items that can be read; the others go into `unreadable`. */
      const parseAll = <Value>(items: readonly Item[], isOne: (sk: string) => boolean, parse: (item: Item) => Value) =>
        items.flatMap((item): Value[] => {
          if (!isOne(keyOf(item))) return [];
          try {
            return [parse(item)];
          } catch (error) {
            const problem = error instanceof Error ? error.message : String(error);
            unreadable.push({ item: `${item['pk']?.S ?? '?'} ${keyOf(item)}`, problem });
            return [];
          }
        });
      const [live, ledger, backfills] = await Promise.all([
        itemsOf(statePartition(connector)),
        itemsOf(ledgerPartition(connector)),
        itemsOf(backfillPartition(connector)),
      ]);
      const [installation = null] = parseAll(live, (sk) => sk === INSTALLATION_KEY, parseInstallation);
      const [state = null] = parseAll(live, (sk) => sk === STATE_KEY, parseState);
      const gaps = parseAll(ledger, (sk) => !isQuarantineKey(sk), parseGap);
      const jobs = parseAll(backfills, (sk) => !isSliceKey(sk), parseJob);
      const slices = parseAll(backfills, isSliceKey, (item) => ({ ...parseSlice(item), job: jobOf(keyOf(item)) }));
      return {
        installation,
        state,
        gaps: gaps.sort((one, other) => one.from - other.from),
        quarantine: countQuarantined(parseAll(ledger, isQuarantineKey, parseQuarantined)),
        backfills: jobs.flatMap((job) => {
          const begun = slices.filter((slice) => slice.job === job.sk);
          return summarize(job, begun);
        }),
        unreadable,
      };
    },
  };
}

function countQuarantined(entries: readonly ReturnType<typeof parseQuarantined>[]): QuarantineStatus {
  const waiting = entries.filter(({ status }) => status === 'quarantined');
  return {
    waiting: waiting.length,
    unparsed: waiting.filter(({ reason }) => reason === 'unparsed').length,
    redriven: entries.length - waiting.length,
    oldestAt: waiting.reduce<Millis | null>((oldest, { at }) => Math.min(oldest ?? at, at), null),
  };
}

/** Nothing if the job is done. A slice that has not begun has no item. */
function summarize(job: ReturnType<typeof parseJob>, begun: readonly SliceItem[]): BackfillStatus[] {
  const { sk, from, until, sliceMs } = job;
  const slices = Math.max(1, Math.ceil((until - from) / sliceMs));
  const slicesDone = begun.filter((slice) => slice.readTo >= slice.until).length;
  if (slicesDone >= slices) return [];
  const emitted = begun.reduce((sum, { counts }) => sum + counts.emitted, 0);
  const times = begun.map(({ startedAt, updatedAt = startedAt }) => updatedAt);
  const lastAt = times.length === 0 ? null : Math.max(...times);
  return [{ job: sk, from, until, slices, slicesDone, emitted, lastAt }];
}

const keyOf = (item: Item): string => item['sk']?.S ?? '';
const isQuarantineKey = (sk: string) => sk.startsWith(quarantineKey(''));
/** Sort keys of a backfill are `<job>` and `<job>#<slice>`. */
const isSliceKey = (sk: string) => sk.includes('#');
const jobOf = (sk: string) => sk.split('#')[0];
