import type { PublishedId } from '../../lib/domain/published-id';
import { HOUR, type Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import type { PublishedSet } from '../../lib/ports/published-ids';
import type { Ask } from './in-memory-state';
import type { InMemoryTable } from './in-memory-table';
const KEEP_MS = 100 * 24 * HOUR;

interface InMemorySeen {
  load(buckets: readonly string[]): Promise<PublishedSet>;
  mark(elements: readonly PublishedId[]): Promise<void>;
}

/** One run's view of the marks: a bucket is read once, and what the run itself marks is added to it. */
export function createInMemorySeen({
  table,
  connector,
  runId,
  ask,
  clock,
}: {
  table: InMemoryTable;
  connector: string;
  runId: string;
  ask: Ask;
  clock: Clock;
}): InMemorySeen {
  const loaded = new Set<string>();
  const contents = new Map<string, Set<string>>();
  const remember = (element: string) => {
    const half = element.length / 2;
    contents.set(element.slice(0, half), (contents.get(element.slice(0, half)) ?? new Set()).add(element.slice(half)));
  };
  const set: PublishedSet = {
    status({ element }) {
      const known = contents.get(element.slice(0, element.length / 2));
      if (known === undefined) return 'new';
      return known.has(element.slice(element.length / 2)) ? 'same' : 'revised';
    },
  };
  return {
    async load(buckets) {
      const missing = buckets.filter((bucket) => !loaded.has(bucket));
      if (missing.length === 0) return set;
      const found = await ask(
        'query SEEN',
        'read',
        () => missing.flatMap((bucket) => [...(table.of(connector).seen.get(bucket)?.elements ?? [])]),
        missing.join(' '),
      );
      for (const element of found) remember(element);
      for (const bucket of missing) loaded.add(bucket);
      return set;
    },
    async mark(elements) {
      for (const bucket of new Set(elements.map((one) => one.bucket))) {
        const written = elements.filter((one) => one.bucket === bucket).map(({ element }) => element);
        await ask(
          'add SEEN',
          'closing',
          () => {
            const { seen } = table.of(connector);
            const item = seen.get(bucket) ?? { elements: new Set(), exp: 0 };
            table.watch.marked?.(runId, written);
            seen.set(bucket, item);
            item.exp = expirySeconds(bucket, clock.now());
            for (const element of written) item.elements.add(element);
          },
          `${bucket} ${written.length}`,
        );
      }
      for (const { element } of elements) remember(element);
    },
  };
}

function expirySeconds(bucket: string, now: Millis): number {
  const [, year, month, day, hour] = /^(\d{4})(\d{2})(\d{2})(\d{2})$/.exec(bucket) ?? [];
  const start = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  return Math.ceil((Math.max(Number.isNaN(start) ? now : start + HOUR, now) + KEEP_MS) / 1000);
}
