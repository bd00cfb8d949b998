import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Clock } from '../../lib/domain/deadline';
import { parseWith } from '../../lib/contract/parse';
import { createEventBuses } from './event-buses';
import type { EventBus, EventListener } from './event-buses';
import { parseEventPattern } from './event-pattern';
import type { AwsPlace } from './place';
import type { Operations } from './protocol';
import { checkRequest, MAX_TOTAL_BYTES, putEventsInput, readEntry } from './put-events';
import type { DeliveredEvent, EntryRefusal, PutEventsEntry } from './put-events';
import { createRuleOperations } from './rules';
import { subscribe } from './subscribers';

/** Refuses an entry that is valid otherwise; undefined lets it pass. The index is the entry's place in its request. */
export type EntryRefuser = (entry: PutEventsEntry, index: number) => EntryRefusal | undefined;

/** The event buses, seen from inside the process. */
export interface Events {
  /** @returns the bus's ARN. @throws AwsError ResourceAlreadyExistsException */
  createBus(name: string): string;
  /** Its listeners go with it. @throws AwsError ValidationException when it has rules. */
  deleteBus(name: string): void;
  /**
   * Hands every event that arrives on the bus and matches to the listener, in order, before PutEvents answers.
   *
   * @param pattern An event pattern; null matches everything.
   * @throws AwsError ResourceNotFoundException; InvalidEventPattern.
   * @returns takes the listener off again.
   */
  on(busName: string, pattern: object | null, listener: EventListener): () => void;
  /** Stands in for the target of this ARN, to which rules send events. @returns takes it away again. */
  onTarget(arn: string, listener: EventListener): () => void;
  /** Puts in a refuser for single entries of PutEvents. @returns takes it out again. */
  refuseEntries(refuser: EntryRefuser): () => void;
  /** Bytes that all entries of a request must stay below together: 1,000,000 by default, 262,144 until January 2026. */
  limitTotalBytes(bytes: number): void;
}

const optionalName = z.object({ Name: z.nullish(z.string()) });
const name = z.object({ Name: z.string() });

/** An EventBridge server in memory, at least as strict as AWS. */
export function createEventBridge(
  place: AwsPlace,
  clock: Clock,
): { readonly operations: Operations; readonly events: Events } {
  const buses = createEventBuses(place, clock);
  const targets = new Map<string, Set<EventListener>>();
  const refusers = new Set<EntryRefuser>();
  let maxTotalBytes = MAX_TOTAL_BYTES;

  const putEntry = (entry: PutEventsEntry, index: number) => {
    const read = readEntry(entry, randomUUID(), clock.now(), place);
    if (read.refusal !== undefined) return refused(read.refusal);
    const refusal = firstRefusal(refusers, entry, index);
    if (refusal !== undefined) return refused(refusal);
    // A bus that is not there is no error: AWS answers success and drops the event.
    const bus = buses.find(entry.EventBusName);
    if (bus !== undefined)
      for (const listener of listenersFor(read.event, bus, targets)) void hand(read.event, listener);
    return { EventId: read.event.id };
  };

  const operations: Operations = {
    ...createRuleOperations(buses, place),
    PutEvents: (input) => {
      const { Entries: entries } = parseWith(putEventsInput, input, 'PutEvents');
      checkRequest(entries, maxTotalBytes);
      const results = entries.map(putEntry);
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
    DescribeEventBus: (input) => {
      const bus = buses.get(parseWith(optionalName, input, 'DescribeEventBus').Name);
      return {
        Name: bus.name,
        Arn: bus.arn,
        CreationTime: bus.createdAt / 1000,
        LastModifiedTime: bus.createdAt / 1000,
      };
    },
    CreateEventBus: (input) => ({ EventBusArn: buses.create(parseWith(name, input, 'CreateEventBus').Name).arn }),
    DeleteEventBus: (input) => {
      buses.delete(parseWith(name, input, 'DeleteEventBus').Name);
      return {};
    },
  };

  const events: Events = {
    createBus: (busName) => buses.create(busName).arn,
    deleteBus: (busName) => {
      buses.delete(busName);
    },
    on: (busName, pattern, listener) => {
      const matches = pattern === null ? () => true : parseEventPattern(pattern);
      return subscribe<EventListener>(buses.get(busName).listeners, (event) =>
        matches(event) ? listener(event) : undefined,
      );
    },
    onTarget: (arn, listener) => {
      const listeners = targets.get(arn) ?? new Set();
      targets.set(arn, listeners);
      return subscribe(listeners, listener);
    },
    refuseEntries: (refuser) => subscribe(refusers, refuser),
    limitTotalBytes: (bytes) => {
      maxTotalBytes = bytes;
    },
  };
  return { operations, events };
}

function listenersFor(
  event: DeliveredEvent,
  bus: EventBus,
  targets: ReadonlyMap<string, ReadonlySet<EventListener>>,
): EventListener[] {
  const matching = [...bus.rules.values()].filter((rule) => rule.enabled && rule.matches(event));
  const reached = matching
    .flatMap((rule) => [...rule.targets.values()])
    .flatMap((arn) => [...(targets.get(arn) ?? [])]);
  return [...bus.listeners, ...reached];
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
