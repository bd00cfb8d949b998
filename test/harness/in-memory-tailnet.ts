import type { Dialect } from '../../lib/domain/dialect';
import type { Millis, Window } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';

/** A record in a tailnet's log. */
export interface LogEntry {
  readonly record: unknown;
  /** The same fact as the tailnet's other dialect shows it; without it, as this one does. */
  readonly inOtherDialect?: unknown;
  /** Where it stands in the log. */
  readonly at: Millis;
  /** Nanoseconds behind `at`, below a million. */
  readonly nanos: number;
  readonly visibleFrom: Millis;
  /** From then on the API does not show it; Infinity: until the retention ends. */
  readonly visibleUntil: Millis;
}

/** Records, and the cursor of the next ones; null: these are the last. */
export interface ShownPage {
  readonly records: readonly unknown[];
  readonly cursor: string | null;
}

/** Tailscale's side of the log. */
export interface InMemoryTailnet {
  /** What it answers when it is asked for the first time. It speaks the other one too. */
  readonly dialect: Dialect;
  /** Its id, as envelopes have it. */
  readonly id: string;
  readonly clock: Clock;
  add(entry: LogEntry): void;
  /** `audit`: the first page of a walk over what is visible now. */
  begin(from: Millis): ShownPage;
  /** `audit`: the page behind a cursor; undefined: the cursor is no longer taken. */
  resume(cursor: string): ShownPage | undefined;
  /** `configuration`: what is visible now, both ends included. `isCut`: the answer ended before all of it was there, which only a `long` one does. */
  between(window: Window, long: boolean): { readonly records: readonly unknown[]; readonly isCut: boolean };
  /** Refuses every cursor given out so far. */
  expireCursors(): void;
}

export interface InMemoryTailnetOptions {
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly id?: string;
  /** Records on a page of `audit`, and in one answer of `configuration`. */
  readonly pageSize?: number;
}

/** How long the log is kept. Tailscale's documentation of the configuration audit log, read 2026-11. */
export const RETENTION_MS = 90 * 24 * 3_600_000;

export function createInMemoryTailnet({
  dialect,
  clock,
  id = 'example.com',
  pageSize = 100,
}: InMemoryTailnetOptions): InMemoryTailnet {
  const entries: LogEntry[] = [];
  let walks = new Map<string, readonly unknown[]>();
  let given = 0;

  const visible = (asked: Dialect, from: Millis, until: Millis): unknown[] => {
    const now = clock.now();
    const found = entries.filter(({ at, nanos, visibleFrom, visibleUntil }) => {
      const beforeEnd = at < until || (at === until && nanos === 0);
      return at >= from && beforeEnd && at >= now - RETENTION_MS && visibleFrom <= now && now < visibleUntil;
    });
    return outOfOrder(found).map((entry) =>
      asked === dialect ? entry.record : (entry.inOtherDialect ?? entry.record),
    );
  };

  const page = (records: readonly unknown[]): ShownPage => {
    if (records.length <= pageSize) return { records, cursor: null };
    const cursor = `cursor-${(given += 1)}`;
    walks.set(cursor, records.slice(pageSize));
    return { records: records.slice(0, pageSize), cursor };
  };

  return {
    dialect,
    id,
    clock,
    add: (entry) => void entries.push(entry),
    begin: (from) => page(visible('audit', from, Infinity)),
    resume(cursor) {
      const rest = walks.get(cursor);
      return rest && page(rest);
    },
    between({ from, until }, long) {
      const found = visible('configuration', from, until);
      const isCut = long && found.length > pageSize;
      return { records: isCut ? found.slice(0, pageSize) : found, isCut };
    },
    expireCursors() {
      walks = new Map();
    },
  };
}

/** The API promises no order: every second record comes first. */
function outOfOrder(entries: readonly LogEntry[]): LogEntry[] {
  const sorted = entries.toSorted((a, b) => a.at - b.at || a.nanos - b.nanos);
  return [...sorted.filter((_, index) => index % 2 === 1), ...sorted.filter((_, index) => index % 2 === 0)];
}
