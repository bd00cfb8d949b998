import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Clock } from '../../lib/connector/ports';
import { parseWith } from '../../lib/contract/parse';
import { createEventBuses, listenOn } from './event-buses';
import type { EventListener } from './event-buses';
import type { AwsPlace } from './place';
import type { Operations } from './protocol';
import { checkRequest, putEventsInput, readEntry } from './put-events';
import type { DeliveredEvent, EntryRefusal, PutEventsEntry } from './put-events';

/** Refuses an entry that is valid otherwise; undefined lets it pass. */
export type EntryRefuser = (entry: PutEventsEntry, index: number) => EntryRefusal | undefined;

/** The event buses, seen from inside the process. */
export interface Events {
  /** @returns the bus's ARN. @throws AwsError ResourceAlreadyExistsException */
  createBus(name: string): string;
  deleteBus(name: string): void;
  /**
   * Hands every event that arrives on the bus and matches to the listener, in order, before PutEvents answers.
   *
   * @param pattern An event pattern; null matches everything.
   * @throws AwsError ResourceNotFoundException; InvalidEventPattern.
   * @returns takes the listener off again.
   */
  on(busName: string, pattern: unknown, listener: EventListener): () => void;
  /** Puts in a refuser for single entries of PutEvents. @returns takes it out again. */
  refuseEntries(refuser: EntryRefuser): () => void;
}

const named = z.object({ Name: z.nullish(z.string()) });

/** An EventBridge server in memory, at least as strict as AWS. */
export function createEventBridge(place: AwsPlace, clock: Clock): { readonly operations: Operations; readonly events: Events } {
  const buses = createEventBuses(place, clock);
  const refusers = new Set<EntryRefuser>();

  const putEntry = (entry: PutEventsEntry, index: number) => {
    const id = randomUUID();
    const read = readEntry(entry, id, clock.now(), place);
    const refused = 'code' in read ? read : firstRefusal(refusers, entry, index);
    if (refused !== undefined) return { ErrorCode: refused.code, ErrorMessage: refused.message };
    if ('id' in read) {
      // A bus that is not there is no error: AWS answers success and drops the event.
      for (const listener of buses.find(entry.EventBusName)?.listeners ?? []) void hand(read, listener);
    }
    return { EventId: id };
  };

  const operations: Operations = {
    PutEvents: (input) => {
      const { Entries: entries } = parseWith(putEventsInput, input, 'PutEvents');
      checkRequest(entries);
      const results = entries.map(putEntry);
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
    DescribeEventBus: (input) => {
      const bus = buses.get(parseWith(named, input, 'DescribeEventBus').Name);
      return { Name: bus.name, Arn: bus.arn, CreationTime: bus.createdAt / 1000, LastModifiedTime: bus.createdAt / 1000 };
    },
    CreateEventBus: (input) => ({ EventBusArn: buses.create(parseWith(z.object({ Name: z.string() }), input, 'CreateEventBus').Name).arn }),
    DeleteEventBus: (input) => {
      buses.delete(parseWith(z.object({ Name: z.string() }), input, 'DeleteEventBus').Name);
      return {};
    },
  };

  const events: Events = {
    createBus: (name) => buses.create(name).arn,
    deleteBus: (name) => {
      buses.delete(name);
    },
    on: (busName, pattern, listener) => listenOn(buses.get(busName), pattern, listener),
    refuseEntries: (refuser) => {
      refusers.add(refuser);
      return () => {
        refusers.delete(refuser);
      };
    },
  };
  return { operations, events };
}

/** Async, so that what a listener throws becomes an unhandled rejection: loud, but not the publisher's failure. */
async function hand(event: DeliveredEvent, listener: EventListener): Promise<void> {
  await listener(event);
}

function firstRefusal(refusers: ReadonlySet<EntryRefuser>, entry: PutEventsEntry, index: number): EntryRefusal | undefined {
  for (const refuse of refusers) {
    const refusal = refuse(entry, index);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
