import type { Millis } from '../../../lib/domain/time';
import type { RecordDetail, Stream } from './published';
import type { PlannedRecord } from './records';
import type { Run } from './run';

/** One event that the tailnet's log asks for, and what became of it. */
export interface Expectation {
  readonly key: string;
  readonly stream: Stream;
  readonly record: PlannedRecord;
  /** Where the record stands in the log. */
  readonly at: Millis;
  readonly visibleFrom: Millis;
  /** The API shows this content for good: no later one takes its place. */
  readonly isFinal: boolean;
  readonly arrivals: { readonly run: Run; readonly at: Millis; readonly id: string }[];
  /** The bus rejected it, and it is quarantined. */
  isQuarantined: boolean;
  /** It is also quarantined, because it could not be read. */
  isKept: boolean;
  /** Whether an event has the value that the record has. */
  isHeldBy(detail: Extract<RecordDetail, { stream: 'audit' }>): boolean;
}

export const isOut = ({ arrivals, isQuarantined }: Expectation) => arrivals.length > 0 || isQuarantined;

export interface Expectations {
  readonly all: readonly Expectation[];
  find(marker: string, stream: Stream): Expectation | undefined;
}

export function createExpectations(records: readonly PlannedRecord[]): Expectations {
  const all = records.flatMap((record) =>
    record.isPolicyChange ? [expect(record, 'audit'), expect(record, 'policy-diff')] : [expect(record, 'audit')],
  );
  const byKey = new Map(all.map((expectation) => [expectation.key, expectation]));
  return { all, find: (marker, stream) => byKey.get(`${marker} ${stream}`) };
}

function expect(record: PlannedRecord, stream: Stream): Expectation {
  const { entries, marker } = record;
  const visibleFrom = Math.min(...entries.map((entry) => entry.visibleFrom));
  return {
    key: `${marker} ${stream}`,
    stream,
    record,
    at: entries[0].at,
    visibleFrom,
    isFinal: entries.some(({ visibleUntil }) => visibleUntil === Infinity),
    arrivals: [],
    isQuarantined: false,
    isKept: false,
    isHeldBy: ({ unparsed, change }) =>
      unparsed === !record.isParsable &&
      (unparsed || JSON.stringify(change.new) === JSON.stringify(valueOf(record.record))),
  };
}

function valueOf(record: unknown): unknown {
  return typeof record === 'object' && record !== null && 'new' in record ? record.new : null;
}
