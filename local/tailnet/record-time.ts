import * as z from 'zod/mini';
import { parseInstant } from './instant';

const configurationTime = z.object({ eventTime: z.string() });
const auditTimes = z.object({ created: z.optional(z.unknown()), timestamp: z.optional(z.unknown()), time: z.optional(z.unknown()) });

/** The names under which a record of the audit dialect may keep its time, in the order in which they count. */
const AUDIT_TIME_FIELDS = ['created', 'timestamp', 'time'] as const;

/** A record's own time as it is written: its field and its text. */
export interface RecordTime {
  readonly field: string;
  readonly text: string;
  /** Nanoseconds since 1970. */
  readonly instant: bigint;
}

/** When a record of either dialect happened; null when it has no readable time. */
export function recordTime(record: object): RecordTime | null {
  const native = z.safeParse(configurationTime, record);
  if (native.success) return readable('eventTime', native.data.eventTime);
  const times = z.parse(auditTimes, record);
  const field = AUDIT_TIME_FIELDS.find((name) => times[name] !== undefined);
  if (field === undefined) return null;
  const text = times[field];
  return typeof text === 'string' ? readable(field, text) : null;
}

function readable(field: string, text: string): RecordTime | null {
  const instant = parseInstant(text);
  return instant === null ? null : { field, text, instant };
}
