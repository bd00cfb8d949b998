import { QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import pMap from 'p-map';
import type { PublishedId } from '../domain/published-id';
import { HOUR, type Millis } from '../domain/time';
import type { Clock, Deadline } from '../domain/deadline';
import type { PublishedSet } from '../ports/published-ids';
import { PUBLISHED_RETENTION_DAYS } from '../contract/timing';
import { parsePublished } from './items';
import { publishedPartition } from './keys';
import { callOptions, conditionally, type Table } from './table';

const KEEP_MS = PUBLISHED_RETENTION_DAYS * 24 * HOUR;

/** Elements in an item before the next one is begun. An ADD to a set takes longer the more is in it: 3 ms at 500, 38 ms at 15,000. */
const ITEM_FULL = 500;

/** Hours between two wanted buckets that one Query still spans: reading a few empty hours is cheaper than another call. */
const MAX_GAP_HOURS = 48;

const CONCURRENCY = 8;

export interface PublishedIds {
  load(buckets: readonly string[]): Promise<PublishedSet>;
  mark(elements: readonly PublishedId[]): Promise<void>;
}

/** What a connector has published, by the hour of the event time. Lives as long as one run. */
export function createPublishedIds({
  table,
  connector,
  clock,
  deadline,
}: {
  table: Table;
  connector: string;
  clock: Clock;
  deadline: Deadline;
}): PublishedIds {
  const pk = publishedPartition(connector);
  const loaded = new Set<string>();
  /** The last item begun in each bucket. */
  const lastItem = new Map<string, number>();
  /** Content halves by id half. */
  const contents = new Map<string, Set<string>>();

  const remember = (element: string) => {
    const half = element.length / 2;
    const known = contents.get(element.slice(0, half)) ?? new Set();
    contents.set(element.slice(0, half), known.add(element.slice(half)));
  };

  const set: PublishedSet = {
    status: ({ element }) => {
      const known = contents.get(element.slice(0, element.length / 2));
      if (known === undefined) return 'new';
      return known.has(element.slice(element.length / 2)) ? 'same' : 'revised';
    },
  };

  async function query({ first, last }: BucketRange): Promise<void> {
    let start: Parameters<typeof parsePublished>[0] | undefined;
    do {
      const answer = await table.client.send(
        new QueryCommand({
          TableName: table.name,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':first': { S: `${first}#` }, ':last': { S: `${last}#~` } },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
        callOptions(deadline),
      );
      for (const item of (answer.Items ?? []).map(parsePublished)) {
        const [bucket = '', number = '0'] = item.sk.split('#');
        lastItem.set(bucket, Math.max(lastItem.get(bucket) ?? 0, Number(number)));
        for (const element of item.ids) remember(Buffer.from(element).toString('hex'));
      }
      start = answer.LastEvaluatedKey;
    } while (start !== undefined);
  }

  async function add(bucket: string, elements: readonly string[]): Promise<void> {
    for (let item = lastItem.get(bucket) ?? 0; ; item += 1) {
      const written = await conditionally(() =>
        table.client.send(
          new UpdateItemCommand({
            TableName: table.name,
            Key: { pk: { S: pk }, sk: { S: `${bucket}#${item}` } },
            UpdateExpression: 'SET #exp = :exp ADD ids :ids, n :n',
            ConditionExpression: 'attribute_not_exists(n) OR n < :full',
            ExpressionAttributeNames: { '#exp': 'exp' },
            ExpressionAttributeValues: {
              ':exp': { N: String(expirySeconds(bucket, clock.now())) },
              ':ids': { BS: elements.map((element) => Buffer.from(element, 'hex')) },
              ':n': { N: String(elements.length) },
              ':full': { N: String(ITEM_FULL) },
            },
          }),
          callOptions(deadline),
        ),
      );
      if (written === 'refused') continue;
      lastItem.set(bucket, item);
      return;
    }
  }

  return {
    async load(buckets) {
      const missing = buckets.filter((bucket) => !loaded.has(bucket));
      await pMap(bucketRanges(missing), query, { concurrency: CONCURRENCY });
      for (const bucket of missing) loaded.add(bucket);
      return set;
    },
    async mark(elements) {
      const byBucket = new Map<string, Set<string>>();
      for (const { bucket, element } of elements)
        byBucket.set(bucket, (byBucket.get(bucket) ?? new Set()).add(element));
      await pMap(byBucket, ([bucket, distinct]) => add(bucket, [...distinct]), { concurrency: CONCURRENCY });
      for (const { element } of elements) remember(element);
    },
  };
}

interface BucketRange {
  readonly first: string;
  readonly last: string;
}

/** Buckets as few ranges of sort keys: hours that lie close together share one. */
function bucketRanges(buckets: readonly string[]): BucketRange[] {
  const ranges: { first: string; last: string }[] = [];
  for (const bucket of [...new Set(buckets)].sort()) {
    const range = ranges.at(-1);
    if (range !== undefined && hoursBetween(range.last, bucket) <= MAX_GAP_HOURS) range.last = bucket;
    else ranges.push({ first: bucket, last: bucket });
  }
  return ranges;
}

/** Infinity where one of them is no hour. */
function hoursBetween(earlier: string, later: string): number {
  const hours = (bucketStart(later) - bucketStart(earlier)) / HOUR;
  return Number.isNaN(hours) ? Infinity : hours;
}

/** Milliseconds; NaN for `none`. */
function bucketStart(bucket: string): Millis {
  const [, year, month, day, hour] = /^(\d{4})(\d{2})(\d{2})(\d{2})$/.exec(bucket) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
}

/** Epoch SECONDS, as DynamoDB's time to live wants them. */
function expirySeconds(bucket: string, now: Millis): number {
  const end = bucketStart(bucket) + HOUR;
  return Math.ceil((Math.max(Number.isNaN(end) ? now : end, now) + KEEP_MS) / 1000);
}
