import { readFile } from 'node:fs/promises';
import { parse } from 'lossless-json';
import type { Millis } from '../../lib/domain/time';
import { InvalidInput } from '../../lib/contract/parse';
import { NANOS_PER_MILLI, NANOS_PER_SECOND } from './instant';
import { isNoTime, withMovedTimes } from './moved-times';
import { recordTime, TIME_FIELDS, timeField } from './record-time';

/** The records of a file, with their times moved to just before now. */
export interface EventFile {
  /** In the order of the file, which is now also the order of their times. */
  readonly records: readonly object[];
  /** The span that the times were moved into, in nanoseconds since 1970: the first record's time and the last one's. */
  readonly movedInto: { readonly from: bigint; readonly until: bigint };
}

/** The records are spread over this span before now, so that a first run, which starts 5 minutes back, finds them all. */
const SPAN: Millis = 4 * 60_000;

/** Besides its own time, these fields of a record hold times that belong with it. */
const MOVED_FIELDS: readonly string[] = [...TIME_FIELDS, 'deferredAt', 'old', 'new'];

/** @throws InvalidInput as `parseEventFile`; the file system's own errors. */
export async function readEventFile(path: string, now: Millis): Promise<EventFile> {
  return parseEventFile(await readFile(path, 'utf8'), now, path);
}

/**
 * Records of either dialect, one JSON object a line; blank lines are skipped. Each record's times move by one shift of
 * its own into the last four minutes before `now`, in the order of the file, no two alike.
 *
 * @throws InvalidInput with every line that is no record, by its number and the reason; for a file without any record.
 */
export function parseEventFile(text: string, now: Millis, name: string): EventFile {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const read = lines.filter(({ line }) => line !== '').map(({ line, number }) => readLine(line, number));
  const problems = read.filter((one) => typeof one === 'string');
  if (read.length === 0) problems.push('has no record in it');
  if (problems.length > 0) throw new InvalidInput(name, problems);
  return moveBefore(
    now,
    read.filter((one) => typeof one !== 'string'),
  );
}

interface TimedRecord {
  readonly record: object;
  readonly at: bigint;
}

/** The record of a line, or what is wrong with the line. */
function readLine(line: string, number: number): TimedRecord | string {
  let record: unknown;
  try {
    record = parse(line);
  } catch (error) {
    return `line ${number}: not JSON (${error instanceof Error ? error.message : String(error)})`;
  }
  if (typeof record !== 'object' || record === null || Object.getPrototypeOf(record) !== Object.prototype) {
    return `line ${number}: not a JSON object`;
  }
  const field = timeField(record);
  if (field === undefined) return `line ${number}: no record: has none of ${TIME_FIELDS.join(', ')}`;
  const at = recordTime(record);
  return at === null || isNoTime(at) ? `line ${number}: "${field}" holds no RFC 3339 time` : { record, at };
}

/**
 * Every record gets an equal part of the span. Its shift is a whole number of the largest power of ten (a second at
 * most) that fits the part, so that the digits behind it stay unchanged and times still cannot meet.
 */
function moveBefore(now: Millis, records: readonly TimedRecord[]): EventFile {
  const part = (BigInt(SPAN) * NANOS_PER_MILLI) / BigInt(records.length);
  let unit = NANOS_PER_SECOND;
  while (unit > part) unit /= 10n;

  const start = BigInt(now - SPAN) * NANOS_PER_MILLI;
  const shifted = records.map(({ record, at }, index) => {
    const earliest = start + BigInt(index) * part;
    const distance = earliest - at;
    const remainder = ((distance % unit) + unit) % unit;
    const shift = remainder === 0n ? distance : distance - remainder + unit;
    return { record: withTimesMovedBy(shift, record), at: at + shift };
  });
  return {
    records: shifted.map(({ record }) => record),
    movedInto: { from: shifted[0]?.at ?? start, until: shifted.at(-1)?.at ?? start },
  };
}

function withTimesMovedBy(shift: bigint, record: object): object {
  return Object.fromEntries(
    Object.entries(record).map(([field, value]: [string, unknown]) => [
      field,
      MOVED_FIELDS.includes(field) ? withMovedTimes(value, shift) : value,
    ]),
  );
}
