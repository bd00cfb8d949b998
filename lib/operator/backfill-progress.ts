import { paginateQuery } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Millis } from '../domain/time';
import type { Deadline } from '../domain/deadline';
import { backfillPartition } from '../dynamodb/keys';
import { callOptions, type Table } from '../dynamodb/table';

/** Where a slice of a backfill stands. */
export interface SliceStanding {
  /** From 0. */
  readonly slice: number;
  /** Everything of the slice before it has been read. */
  readonly readTo: Millis;
  /** Pages read of what is being read now. */
  readonly page: number;
  /** Records. */
  readonly fetched: number;
  /** Events. */
  readonly emitted: number;
}

export interface JobReader {
  /** The slices that have begun. Fails with the SDK's own errors. */
  slices(connector: string, jobId: string): Promise<readonly SliceStanding[]>;
}

const standing = z.object({
  readTo: z.int(),
  inflight: z.nullish(z.object({ page: z.int() })),
  counts: z.object({ fetched: z.int(), emitted: z.int() }),
});

/** Reads how far the slices of a job are. What is no slice's item is passed over. */
export function createJobReader({
  table,
  deadline,
}: {
  readonly table: Table;
  readonly deadline: Deadline;
}): JobReader {
  return {
    async slices(connector, jobId) {
      const prefix = `${jobId}#`;
      const query = {
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: { ':pk': { S: backfillPartition(connector) }, ':sk': { S: prefix } },
      };
      const found: SliceStanding[] = [];
      for await (const { Items: items = [] } of paginateQuery({ client: table.client }, query, callOptions(deadline))) {
        for (const item of items) {
          const slice = Number(item['sk']?.S?.slice(prefix.length));
          const read = z.safeParse(standing, unmarshall(item));
          if (!Number.isInteger(slice) || !read.success) continue;
          const { readTo, inflight, counts } = read.data;
          found.push({ slice, readTo, page: inflight?.page ?? 0, fetched: counts.fetched, emitted: counts.emitted });
        }
      }
      return found.sort((one, other) => one.slice - other.slice);
    },
  };
}
