import { stringify } from 'lossless-json';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import { recordTime } from './record-time';

/** A record in the tailnet's log. */
export interface StoredRecord {
  readonly record: object;
  /** Where it stands in the log, in nanoseconds since 1970: its own time unless it was put elsewhere. */
  readonly at: bigint;
  /** The API shows it from this instant on; -Infinity: it always did. */
  readonly visibleAt: Millis;
}

export interface Placement {
  /** Late records: the API shows them only from this instant on. */
  readonly visibleAt?: Millis;
  /** Nanoseconds since 1970. For a record outside its own time, or without a readable one. */
  readonly at?: bigint;
}

export interface RecordStore {
  readonly records: readonly StoredRecord[];
  /** @throws TypeError when the record has no readable time and no `at` places it. */
  add(record: object, placement?: Placement): void;
  /**
   * JSON of the records that are visible now, from `start` to `end` (both included; null: no end), deliberately not in
   * the order of time.
   */
  between(start: bigint, end: bigint | null, shape: 'stored' | 'audit'): readonly string[];
}

interface Entry extends StoredRecord {
  readonly stored: string;
  readonly audit: string;
}

/** @param toAudit How a record looks in the audit dialect. */
export function createRecordStore(clock: Clock, toAudit: (record: object) => object): RecordStore {
  const entries: Entry[] = [];
  return {
    records: entries,
    add(record, { visibleAt = -Infinity, at = recordTime(record) ?? undefined } = {}) {
      if (at === undefined) throw new TypeError('the record has no readable time: place it with `at`');
      entries.push({ record, at, visibleAt, stored: toJson(record), audit: toJson(toAudit(record)) });
    },
    between(start, end, shape) {
      const now = clock.now();
      const found = entries.filter(
        ({ at, visibleAt }) => visibleAt <= now && at >= start && (end === null || at <= end),
      );
      return outOfOrder(found).map((entry) => entry[shape]);
    },
  };
}

/** Numbers that a double cannot hold (bigint, lossless-json's own) go out digit by digit. */
function toJson(record: object): string {
  const json = stringify(record);
  if (json === undefined) throw new TypeError('the record cannot be written as JSON');
  return json;
}

function outOfOrder(entries: readonly Entry[]): readonly Entry[] {
  const sorted = entries.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
  return [...sorted.filter((_, index) => index % 2 === 1), ...sorted.filter((_, index) => index % 2 === 0)];
}
