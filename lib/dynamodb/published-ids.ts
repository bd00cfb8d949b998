import pMap from 'p-map';
import { PUBLISHED_RETENTION_DAYS } from '../contract/timing';
import type { Clock } from '../domain/deadline';
import type { PublishedId } from '../domain/published-id';
import { DAY, HOUR, type Millis } from '../domain/time';
import type { PublishedSet } from '../ports/published-ids';
import type { Condition, ConnectorItems } from './connector-items';
import { parsePublished } from './items';

const RETENTION_MS = PUBLISHED_RETENTION_DAYS * DAY;

/** Elements of an item before the next one is begun. An ADD to a set of 500 takes 3 ms, to one of 15,000 it takes 38 ms. */
const ITEM_FULL = 500;

/** Hours between two buckets that one query still spans: reading a few empty hours is cheaper than another call. */
const MAX_GAP_HOURS = 48;

const CONCURRENCY = 8;

const hasRoom: Condition = { expression: '(attribute_not_exists(#n) OR #n < :full)', values: { full: ITEM_FULL } };

/** Published ids of a connector, by the hour of the event time. Lives as long as one run. */
export interface PublishedIds {
  /** Reads the buckets that this run has not read yet. The set holds all buckets read so far. */
  readonly load: (buckets: readonly string[]) => Promise<PublishedSet>;
  readonly mark: (elements: readonly PublishedId[]) => Promise<void>;
}

/** @param items Those of the partition of published ids. */
export function createPublishedIds(items: ConnectorItems, clock: Clock): PublishedIds {
  const loaded = new Set<string>();
  /** Number of the last item begun in each bucket. */
  const lastItem = new Map<string, number>();
  /** Content halves by id half. */
  const contents = new Map<string, Set<string>>();

  const halves = (element: string) =>
    [element.slice(0, element.length / 2), element.slice(element.length / 2)] as const;
  function remember(element: string): void {
    const [id, content] = halves(element);
    contents.set(id, (contents.get(id) ?? new Set()).add(content));
  }

  const set: PublishedSet = {
    status({ element }) {
      const [id, content] = halves(element);
      const known = contents.get(id);
      if (known === undefined) return 'new';
      return known.has(content) ? 'same' : 'revised';
    },
  };

  async function read({ first, last }: BucketRange): Promise<void> {
    const key = { expression: '#sk BETWEEN :first AND :last', values: { first: `${first}#`, last: `${last}#~` } };
    for (const { sk, ids } of (await items.list({ key })).map(parsePublished)) {
      const [bucket = '', number = '0'] = sk.split('#');
      lastItem.set(bucket, Math.max(lastItem.get(bucket) ?? 0, Number(number)));
      for (const element of ids) remember(Buffer.from(element).toString('hex'));
    }
  }

  async function add(bucket: string, elements: ReadonlySet<string>): Promise<void> {
    const update = {
      set: { exp: expirySeconds(bucket, clock.now()) },
      add: { ids: new Set([...elements].map((element) => Buffer.from(element, 'hex'))), n: elements.size },
      when: [hasRoom],
    };
    let number = lastItem.get(bucket) ?? 0;
    while ((await items.write(`${bucket}#${number}`, update)) === 'refused') number += 1;
    lastItem.set(bucket, number);
  }

  return {
    async load(buckets) {
      const missing = buckets.filter((bucket) => !loaded.has(bucket));
      await forEach(bucketRanges(missing), read);
      for (const bucket of missing) loaded.add(bucket);
      return set;
    },
    async mark(elements) {
      const byBucket = new Map<string, Set<string>>();
      for (const { bucket, element } of elements)
        byBucket.set(bucket, (byBucket.get(bucket) ?? new Set()).add(element));
      await forEach([...byBucket], ([bucket, distinct]) => add(bucket, distinct));
      for (const { element } of elements) remember(element);
    },
  };
}

/** Several requests at a time. After a failure no further one starts, and none is under way when the error is thrown. */
async function forEach<One>(all: readonly One[], request: (one: One) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  const tryOne = (one: One) =>
    errors.length > 0 ? undefined : request(one).catch((error: unknown) => void errors.push(error));
  await pMap(all, tryOne, { concurrency: CONCURRENCY });
  if (errors.length > 0) throw errors[0];
}

interface BucketRange {
  readonly first: string;
  readonly last: string;
}

/** As few ranges of sort keys as possible: hours that are close together share one. */
function bucketRanges(buckets: readonly string[]): BucketRange[] {
  const ranges: { first: string; last: string }[] = [];
  for (const bucket of [...new Set(buckets)].sort()) {
    const range = ranges.at(-1);
    if (range !== undefined && hoursBetween(range.last, bucket) <= MAX_GAP_HOURS) range.last = bucket;
    else ranges.push({ first: bucket, last: bucket });
  }
  return ranges;
}

/** Infinity if one of them is `none`. */
function hoursBetween(earlier: string, later: string): number {
  const hours = (bucketStart(later) - bucketStart(earlier)) / HOUR;
  return Number.isNaN(hours) ? Infinity : hours;
}

/** Milliseconds; NaN for `none`. */
function bucketStart(bucket: string): Millis {
  const [, year, month, day, hour] = /^(\d{4})(\d{2})(\d{2})(\d{2})$/.exec(bucket) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
}

/** Epoch SECONDS, as DynamoDB's time to live requires. */
function expirySeconds(bucket: string, now: Millis): number {
  const end = bucketStart(bucket) + HOUR;
  return Math.ceil((Math.max(Number.isNaN(end) ? now : end, now) + RETENTION_MS) / 1000);
}
