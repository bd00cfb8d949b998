import type { Dialect } from '../../../lib/domain/dialect';
import { MINUTE, HOUR, DAY, type Millis } from '../../../lib/domain/time';
import type { LogEntry } from '../../harness/in-memory-tailnet';
import type { Phase } from './plan';
import type { Random } from './random';
import { createWriter, type Writer, type Written } from './writer';

/** What is drawn when a record is made. Closed, as the faults are: each has to come up. */
export const KINDS = [
  'plain',
  'same group',
  'same but for its value',
  'repeated',
  'edited',
  'policy change',
  'without a readable time',
  'unparsable',
  'refused by the bus',
  'too large',
  'dense hour',
  'kills its runs',
] as const;
export type Kind = (typeof KINDS)[number];

/** How late a record shows up. */
export const DELAYS = ['at once', 'within the overlap', 'within a day', 'within a week'] as const;
export type Delay = (typeof DELAYS)[number];

/** One content of one record, and where the log has it. */
export interface PlannedRecord extends Written {
  readonly kind: Kind;
  readonly delay: Delay;
  /** More than one where upstream shows the same record again. */
  readonly entries: readonly [LogEntry, ...LogEntry[]];
}

export interface RecordsPlan {
  readonly dialect: Dialect;
  /** The other dialect is asked in the middle of it: there another content is another record. */
  readonly isSwitched: boolean;
  readonly span: { readonly start: Millis; readonly end: Millis };
  readonly phases: readonly Phase[];
  readonly overlapMinutes: number;
}

export function planRecords(random: Random, plan: RecordsPlan): PlannedRecord[] {
  const writer = createWriter(plan.dialect);
  const records: PlannedRecord[] = [];
  const count = random.int(15, 45);
  while (records.length < count)
    records.push(...planOne(random, plan, writer, pickKind(random, plan.dialect === 'audit' && !plan.isSwitched)));
  // It takes long to read, so few have one.
  if (random.chance(0.15)) records.push(...planOne(random, plan, writer, 'too large'));
  if (random.chance(0.2))
    records.push(
      ...Array.from({ length: random.int(1, 2) }, () => planOne(random, plan, writer, 'kills its runs')).flat(),
    );
  if (random.chance(0.1)) records.push(...planDenseHour(random, plan, writer));
  return records;
}

function planOne(random: Random, plan: RecordsPlan, writer: Writer, kind: Kind): PlannedRecord[] {
  const checkpoint = pickPlace(random, plan);
  const one = (
    written: Written,
    entries: PlannedRecord['entries'] = [entryOf(written, checkpoint)],
  ): PlannedRecord => ({
    ...written,
    kind,
    delay: checkpoint.delay,
    entries,
  });
  const { at, nanos, visibleFrom } = checkpoint;
  const when = { at, nanos, ...(checkpoint.isDeferred ? { deferredAt: visibleFrom } : {}) };
  switch (kind) {
    case 'same group': {
      const group = writer.group();
      return Array.from({ length: random.int(2, 4) }, () => one(writer.plain({ ...when, group })));
    }
    case 'same but for its value': {
      const first = writer.plain(when);
      return [one(first), one(writer.twinOf(first, when))];
    }
    case 'repeated': {
      const written = writer.plain(when);
      const first = entryOf(written, checkpoint);
      const again = {
        ...first,
        record: reordered(written.record),
        visibleFrom: first.visibleFrom + random.pick([0, random.int(0, HOUR), random.int(0, 3 * DAY)]),
      };
      return [one(written, [first, again])];
    }
    case 'edited': {
      const first = writer.plain(when);
      const second = writer.editOf(first, when);
      const editedAt = visibleFrom + random.int(MINUTE, Math.max(2 * MINUTE, at + 6 * DAY - visibleFrom));
      const before: LogEntry = { ...entryOf(first, checkpoint), visibleUntil: editedAt };
      const after: LogEntry = { ...entryOf(second, checkpoint), visibleFrom: editedAt };
      return [one(first, [before]), one(second, [after])];
    }
    case 'policy change':
      return [one(writer.policy(when))];
    case 'without a readable time':
      return [one(writer.untimed(when, random.chance(0.5)))];
    case 'unparsable':
      return [one(writer.unparsable(random.int(0, 2)))];
    case 'refused by the bus':
      return [one(writer.poison(when))];
    case 'too large':
      return [one(writer.large(when))];
    case 'plain':
    case 'kills its runs':
    case 'dense hour':
      return [one(writer.plain(when))];
  }
}

/** More records within an hour than one unit of publishing holds. */
function planDenseHour(random: Random, { phases, span }: RecordsPlan, writer: Writer): PlannedRecord[] {
  const from = random.pick([span.end, phases[0]?.until ?? span.end]) - 70 * MINUTE;
  return Array.from({ length: random.int(110, 420) }, () => {
    const at = from + random.int(0, HOUR);
    const written = writer.plain({ at, nanos: 0 });
    return {
      ...written,
      kind: 'dense hour',
      delay: 'at once',
      entries: [
        {
          record: written.record,
          inOtherDialect: written.inOtherDialect,
          at,
          nanos: 0,
          visibleFrom: at + 1_000,
          visibleUntil: Infinity,
        },
      ],
    };
  });
}

function pickKind(random: Random, hasEdits: boolean): Kind {
  const drawn = random.int(1, 100);
  if (drawn <= 41) return 'plain';
  if (drawn <= 49) return 'same group';
  if (drawn <= 55) return 'same but for its value';
  if (drawn <= 65) return 'repeated';
  // In the configuration dialect a record with another content is another record.
  if (drawn <= 74) return hasEdits ? 'edited' : 'plain';
  if (drawn <= 76) return 'policy change';
  if (drawn <= 83) return 'without a readable time';
  if (drawn <= 91) return 'unparsable';
  return 'refused by the bus';
}

interface Checkpoint extends Omit<LogEntry, 'record'> {
  readonly delay: Delay;
  readonly isDeferred: boolean;
}

function pickPlace(random: Random, { span, phases, overlapMinutes }: RecordsPlan): Checkpoint {
  const phase = phases[random.int(0, phases.length - 1)];
  const isInPhase = phase !== undefined && random.chance(0.75);
  const at = isInPhase
    ? random.int(phase.from - 20 * MINUTE, phase.until)
    : random.int(span.start - 10 * MINUTE, span.end);
  const drawn = random.int(1, 100);
  const [delay, delayMs]: [Delay, Millis] =
    drawn <= 60
      ? ['at once', random.int(0, 45_000)]
      : drawn <= 75
        ? ['within the overlap', random.int(MINUTE, overlapMinutes * MINUTE)]
        : drawn <= 90
          ? ['within a day', random.int(overlapMinutes * MINUTE, DAY)]
          : ['within a week', random.int(DAY, 7 * DAY - 30 * MINUTE)];
  return {
    at,
    nanos: random.chance(0.3) ? 0 : random.int(1, 999_999),
    visibleFrom: at + delayMs,
    visibleUntil: Infinity,
    delay,
    isDeferred: delayMs > HOUR && random.chance(0.5),
  };
}

function entryOf({ record, inOtherDialect }: Written, { at, nanos, visibleFrom, visibleUntil }: Checkpoint): LogEntry {
  return { record, inOtherDialect, at, nanos, visibleFrom, visibleUntil };
}

/** The same, with its keys the other way round. */
function reordered(record: unknown): unknown {
  return typeof record === 'object' && record !== null && !Array.isArray(record)
    ? Object.fromEntries(Object.entries(record).reverse())
    : record;
}
