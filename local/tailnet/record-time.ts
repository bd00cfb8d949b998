import * as z from 'zod/mini';
import { parseInstant } from './instant';

/** Where a record may keep its time, in the order in which they count: the first is a configuration record's. */
export const TIME_FIELDS = ['eventTime', 'created', 'timestamp', 'time'] as const;
export type TimeField = (typeof TIME_FIELDS)[number];

const times = z.object({
  eventTime: z.optional(z.unknown()),
  created: z.optional(z.unknown()),
  timestamp: z.optional(z.unknown()),
  time: z.optional(z.unknown()),
});

/** The field that holds a record's time; undefined when it has none. */
export function timeField(record: object): TimeField | undefined {
  return TIME_FIELDS.find((field) => Object.hasOwn(record, field));
}

/** When a record of either dialect happened, in nanoseconds since 1970; null when its time is missing or no RFC 3339 text. */
export function recordTime(record: object): bigint | null {
  const field = timeField(record);
  const value = field === undefined ? undefined : z.parse(times, record)[field];
  return typeof value === 'string' ? parseInstant(value) : null;
}
