import type { Deadline } from '../domain/deadline';
import type { Millis } from '../domain/time';
import { createConnectorItems, keyBeginsWith, type Item } from '../dynamodb/connector-items';
import { parseSlice } from '../dynamodb/items';
import { backfillPartition } from '../dynamodb/keys';
import type { Table } from '../dynamodb/table';

/** How far a slice of a backfill is. */
export interface SliceStatus {
  /** From 0. */
  readonly slice: number;
  /** Everything of the slice before it has been read. */
  readonly readTo: Millis;
  /** Pages read of the present window. */
  readonly page: number;
  /** Records. */
  readonly fetched: number;
  /** Events. */
  readonly emitted: number;
}

export interface JobReader {
  /** The slices that have begun, in order. Fails with the SDK's own errors. */
  slices(connector: string, jobId: string): Promise<readonly SliceStatus[]>;
}

/** Reads how far the slices of a job are. Skips items that are not valid slices. */
export function createJobReader({
  table,
  deadline,
}: {
  readonly table: Table;
  readonly deadline: Deadline;
}): JobReader {
  return {
    async slices(connector, jobId) {
      const items = createConnectorItems(table, backfillPartition(connector), deadline, 'sdk');
      const found = await items.list({ key: keyBeginsWith(`${jobId}#`) });
      return found.flatMap(toStatus).sort((one, other) => one.slice - other.slice);
    },
  };
}

function toStatus(item: Item): SliceStatus[] {
  try {
    const { index, readTo, inflight, counts } = parseSlice(item);
    const { fetched, emitted } = counts;
    return [{ slice: index, readTo, page: inflight?.page ?? 0, fetched, emitted }];
  } catch {
    return [];
  }
}
