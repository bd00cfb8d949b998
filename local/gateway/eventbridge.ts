import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import { parseWith } from '../../lib/contract/parse';
import { parseEventPattern } from './event-pattern';
import { arnOf } from './place';
import type { AwsPlace } from './place';
import { AwsError } from './protocol';
import type { Operations } from './protocol';
import { checkRequest, MAX_TOTAL_BYTES, putEventsInput, readEntry } from './put-events';
import type { DeliveredEvent, EntryRefusal, PutEventsEntry } from './put-events';
import { subscribe } from './subscribers';

/** Receives events as a target would. What it throws becomes an unhandled rejection: it is not the publisher's failure. */
export type EventListener = (event: DeliveredEvent) => unknown;

/** Refuses an entry that is valid otherwise; undefined lets it pass. The index is the entry's position in its request. */
export type EntryRefuser = (entry: PutEventsEntry, index: number) => EntryRefusal | undefined;

/** The event buses, seen from inside the process. */
export interface Events {
  createBus(name: string): void;
  /** Its listeners go with it. */
  deleteBus(name: string): void;
  /**
   * Hands every event that arrives on the bus and matches to the listener, in order, before PutEvents answers.
   *
   * @param pattern An event pattern; null matches everything.
   * @throws AwsError ResourceNotFoundException; InvalidEventPattern.
   * @returns takes the listener off again.
   */
  on(busName: string, pattern: object | null, listener: EventListener): () => void;
  /** Puts in a refuser for single entries of PutEvents. @returns takes it out again. */
  refuseEntries(refuser: EntryRefuser): () => void;
  /** Bytes that all entries of a request must stay below together: 1,000,000 by default, 262,144 until January 2026. */
  limitTotalBytes(bytes: number): void;
}

interface EventBus {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: Millis;
  readonly listeners: Set<EventListener>;
}

const DEFAULT_BUS = 'default';
const optionalName = z.object({ Name: z.nullish(z.string()) });

/** An EventBridge server in memory, at least as strict as AWS. */
export function createEventBridge(
  place: AwsPlace,
  clock: Clock,
): { readonly operations: Operations; readonly events: Events } {
  const buses = new Map<string, EventBus>();
  const refusers = new Set<EntryRefuser>();
  let maxTotalBytes = MAX_TOTAL_BYTES;

  const prefix = arnOf(place, 'events', 'event-bus/');
  /** By name or ARN; no name is the default bus. An ARN of another account or region is not found. */
  const find = (nameOrArn: string | null | undefined) =>
    buses.get(nameOrArn?.startsWith(prefix) ? nameOrArn.slice(prefix.length) : (nameOrArn ?? DEFAULT_BUS));
  const get = (nameOrArn: string | null | undefined): EventBus => {
    const bus = find(nameOrArn);
    if (bus === undefined)
      throw new AwsError('ResourceNotFoundException', `Event bus ${nameOrArn ?? DEFAULT_BUS} does not exist.`);
    return bus;
  };
  const createBus = (name: string) =>
    void buses.set(name, { name, arn: prefix + name, createdAt: clock.now(), listeners: new Set() });
  createBus(DEFAULT_BUS);

  const putEntry = (entry: PutEventsEntry, index: number) => {
    const read = readEntry(entry, randomUUID(), clock.now(), place);
    if (read.refusal !== undefined) return refused(read.refusal);
    const refusal = firstRefusal(refusers, entry, index);
    if (refusal !== undefined) return refused(refusal);
    // A bus that is not there is no error: AWS answers success and drops the event.
    for (const listener of find(entry.EventBusName)?.listeners ?? []) void hand(read.event, listener);
    return { EventId: read.event.id };
  };

  const operations: Operations = {
    PutEvents: (input) => {
      const { Entries: entries } = parseWith(putEventsInput, input, 'PutEvents');
      checkRequest(entries, maxTotalBytes);
      const results = entries.map(putEntry);
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
    DescribeEventBus: (input) => {
      const { name, arn, createdAt } = get(parseWith(optionalName, input, 'DescribeEventBus').Name);
      return { Name: name, Arn: arn, CreationTime: createdAt / 1000, LastModifiedTime: createdAt / 1000 };
    },
  };

  const events: Events = {
    createBus,
    deleteBus: (name) => void buses.delete(name),
    on: (busName, pattern, listener) => {
      const matches = pattern === null ? () => true : parseEventPattern(pattern);
      return subscribe<EventListener>(get(busName).listeners, (event) =>
        matches(event) ? listener(event) : undefined,
      );
    },
    refuseEntries: (refuser) => subscribe(refusers, refuser),
    limitTotalBytes: (bytes) => {
      maxTotalBytes = bytes;
    },
  };
  return { operations, events };
}

/** Async, so that what a listener throws becomes an unhandled rejection: loud, but not the publisher's failure. */
async function hand(event: DeliveredEvent, listener: EventListener): Promise<void> {
  await listener(event);
}

function refused({ code, message }: EntryRefusal) {
  return { ErrorCode: code, ErrorMessage: message };
}

function firstRefusal(
  refusers: Iterable<EntryRefuser>,
  entry: PutEventsEntry,
  index: number,
): EntryRefusal | undefined {
  for (const refuse of refusers) {
    const refusal = refuse(entry, index);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
