import * as z from 'zod/mini';
import type { Millis } from '../../lib/domain/time';
import type { AwsPlace } from './place';
import { AwsError } from './protocol';
import { isJsonObject } from '../../lib/domain/json';

/** Entries a request may hold. */
const MAX_ENTRIES = 10;

/** Bytes all entries of a request must stay below together: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html, read 2026-11. */
export const MAX_TOTAL_BYTES = 1_000_000;

/** Levels of nesting that PutEvents processes, by its API reference. */
const MAX_DEPTH = 1100;

const text = z.nullish(z.string());

export const putEventsInput = z.object({
  Entries: z.array(
    z.object({
      Source: text,
      DetailType: text,
      Detail: text,
      /** Seconds since 1970, with fractions; of the years 1 to 9999. */
      Time: z.nullish(z.number().check(z.minimum(-62_135_596_800), z.maximum(253_402_300_799))),
      Resources: z.nullish(z.array(z.string())),
      EventBusName: text,
    }),
  ),
});
/** One entry of PutEvents, as sent. */
export type PutEventsEntry = z.output<typeof putEventsInput>['Entries'][number];

/** Why an entry was not taken. */
export interface EntryRefusal {
  readonly code: string;
  readonly message: string;
}

/** An event as EventBridge hands it to a target. */
export interface DeliveredEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** UTC, to the second: `2026-11-22T08:00:00Z`. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** @throws AwsError where AWS refuses the request as a whole. */
export function checkRequest(entries: readonly PutEventsEntry[], maxTotalBytes: number): void {
  if (entries.length < 1) throw badLength('[]', 'greater than or equal to 1');
  if (entries.length > MAX_ENTRIES) throw badLength('[PutEventsRequestEntry]', `less than or equal to ${MAX_ENTRIES}`);
  const total = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (total >= maxTotalBytes)
    throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
}

/** An entry's size as AWS counts it: 14 bytes for a Time, and the UTF-8 bytes of the texts. */
function entryBytes(entry: PutEventsEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return texts.reduce((sum, part) => sum + Buffer.byteLength(part ?? ''), typeof entry.Time === 'number' ? 14 : 0);
}

type ReadEntry = { readonly event: DeliveredEvent; readonly refusal?: undefined } | { readonly refusal: EntryRefusal };

/**
 * Reads one entry.
 *
 * @param now The event's time where the entry has none.
 */
export function readEntry(entry: PutEventsEntry, id: string, now: Millis, place: AwsPlace): ReadEntry {
  const { Source: source, DetailType: detailType, Detail: detailText } = entry;
  if (!source) return missing('Source');
  if (!detailType) return missing('DetailType');
  if (!detailText) return missing('Detail');
  if (source.startsWith('aws.'))
    return { refusal: { code: 'NotAuthorizedForSourceException', message: 'Not authorized for the source.' } };
  const detail = parseDetail(detailText);
  if (detail === undefined) return { refusal: { code: 'MalformedDetail', message: 'Detail is malformed.' } };
  const time = typeof entry.Time === 'number' ? entry.Time * 1000 : now;
  return {
    event: {
      version: '0',
      id,
      'detail-type': detailType,
      source,
      account: place.accountId,
      time: `${new Date(time).toISOString().slice(0, 19)}Z`,
      region: place.region,
      resources: entry.Resources ?? [],
      detail,
    },
  };
}

function parseDetail(detail: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(detail);
    return isJsonObject(value) && !isDeeperThan(MAX_DEPTH, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function missing(parameter: string): ReadEntry {
  return {
    refusal: {
      code: 'InvalidArgument',
      message: `Parameter ${parameter} is not valid. Reason: ${parameter} is a required argument.`,
    },
  };
}

function badLength(value: string, bound: string): AwsError {
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at 'entries' failed to satisfy constraint: Member must have length ${bound}`,
  );
}
