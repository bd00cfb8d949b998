import {
  DescribeEventBusCommand,
  EventBridgeServiceException,
  PutEventsCommand,
  type EventBridgeClient,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import pMap from 'p-map';
import pRetry from 'p-retry';
import { EVENT_SOURCE } from '../contract/names';
import { abortAfter, callMs, type Deadline } from '../domain/deadline';
import { ConnectorError, errorName, toConnectorError } from '../domain/errors';
import type { BusEvent } from '../domain/event';
import type { EventBus, Delivery } from '../ports/event-bus';
import { entryBytes, MAX_REQUEST_BYTES, packRequests } from './pack';

/** Concurrent requests. A request costs 1 ms of CPU and some 20 ms of waiting; more than 8 gain nothing. */
const CONCURRENCY = 6;

/** Milliseconds one request may take with the SDK's own retries. */
const CALL_MS = 20_000;

/** Resends of the entries that a request has left: about 10 s in all. */
const RESENDS = 5;

/** Codes of an entry that EventBridge rejects every time. An entry with any other code is sent again. */
const PERMANENT: ReadonlySet<string> = new Set(['MalformedDetail', 'InvalidArgument']);

/**
 * Codes of a request that is rejected because of its entries, as is HTTP 413. Every other error (throttling, credentials,
 * signature, clock, network, a fault of the service) says nothing about the entries.
 */
const ABOUT_ENTRIES: ReadonlySet<string> = new Set([
  'ValidationException',
  'ValidationError',
  'SerializationException',
]);

const isDenied = (code = '') => code.startsWith('AccessDenied') || code.startsWith('NotAuthorized');

export interface EventBridgeBusDeps {
  readonly client: EventBridgeClient;
  /** Name or ARN. */
  readonly busName: string;
  /** Milliseconds before the first resend, doubled (and jittered) before each further one. */
  readonly resendDelayMs?: number;
}

interface Sending<Event> {
  readonly event: Event;
  readonly entry: PutEventsRequestEntry;
  /** As EventBridge counts them. */
  readonly bytes: number;
}

/** Entries that are not sent yet, or must be sent again. */
type Left<Event> = readonly Sending<Event>[];

/** An EventBridge bus. */
export function createEventBridgeBus({ client, busName, resendDelayMs = 200 }: EventBridgeBusDeps): EventBus {
  /** Bytes of the smallest request that was too large: a partition may allow less than AWS documents. */
  let tooLargeBytes = MAX_REQUEST_BYTES;

  const pack = <Event>(batch: Left<Event>) => packRequests(batch, ({ bytes }) => bytes, tooLargeBytes);

  const putEvents = async (entries: PutEventsRequestEntry[], deadline: Deadline): Promise<PutEventsResultEntry[]> => {
    const answer = await client.send(new PutEventsCommand({ Entries: entries }), abortAfter(deadline, CALL_MS));
    return answer.Entries ?? [];
  };

  async function assertExists(deadline: Deadline): Promise<void> {
    try {
      await client.send(new DescribeEventBusCommand({ Name: busName }), abortAfter(deadline, CALL_MS));
    } catch (error) {
      throw busError(error, busName);
    }
  }

  async function publish<Event extends BusEvent>(
    events: readonly Event[],
    deadline: Deadline,
  ): Promise<Delivery<Event>> {
    const accepted: Event[] = [];
    const refused: { event: Event; code: string }[] = [];
    /** Each was alone in a request that was rejected because of its entries. */
    const suspected: { event: Event; code: string }[] = [];
    /** EventBridge has answered at least one request entry by entry. */
    let isAnswered = false as boolean;
    let failure = undefined as Error | undefined;

    /** One request, or more where the batch is larger than one may be. */
    const put = async (batch: Left<Event>): Promise<Left<Event>> => {
      if (deadline.isOver()) return batch;
      const requests = pack(batch);
      if (requests.length > 1) return putInTurn(requests);
      const entries = batch.map(({ entry }) => entry);
      let results: PutEventsResultEntry[];
      try {
        results = await putEvents(entries, deadline);
      } catch (error) {
        const code = codeAboutEntries(error);
        if (code !== undefined) return splitRejected(batch, code);
        const reason = busError(error, busName);
        if (reason.code !== 'BUS_EXHAUSTED') throw reason;
        return batch;
      }
      // With fewer results than entries, no result can be matched to its entry.
      if (results.length !== batch.length) return batch;
      isAnswered = true;
      return batch.filter(({ event }, index) => {
        const { EventId, ErrorCode = '' } = results[index] ?? {};
        if (EventId !== undefined && EventId !== '') {
          accepted.push(event);
          return false;
        }
        if (isDenied(ErrorCode)) throw denied(ErrorCode, busName);
        if (!PERMANENT.has(ErrorCode)) return true;
        refused.push({ event, code: ErrorCode });
        return false;
      });
    };

    const putInTurn = async (requests: readonly Left<Event>[]): Promise<Left<Event>> => {
      const left: Sending<Event>[] = [];
      for (const request of requests) left.push(...(await put(request)));
      return left;
    };

    /** Halves a rejected request until the entry at fault is alone. */
    const splitRejected = async (batch: Left<Event>, code: string): Promise<Left<Event>> => {
      if (batch.length === 1) {
        suspected.push(...batch.map(({ event }) => ({ event, code })));
        return [];
      }
      const suspectedBefore = suspected.length;
      const half = Math.ceil(batch.length / 2);
      const left = await putInTurn([batch.slice(0, half), batch.slice(half)]);
      const bytes = batch.reduce((sum, sending) => sum + sending.bytes, 0);
      // If both halves were accepted, no entry was at fault: together they were too large.
      if (left.length === 0 && suspected.length === suspectedBefore) tooLargeBytes = Math.min(tooLargeBytes, bytes);
      return left;
    };

    /** Sends a request until every entry is accepted or rejected, or tries and time run out. */
    const send = async (batch: Left<Event>): Promise<Left<Event>> => {
      // After a failure no request begins, but those under way are awaited: nothing may be pending afterwards.
      if (failure !== undefined) return batch;
      let left = batch;
      const attempt = async () => {
        left = await put(left);
        if (left.length > 0) throw new EntriesLeft();
      };
      await pRetry(attempt, {
        retries: RESENDS,
        minTimeout: resendDelayMs,
        randomize: true,
        maxRetryTime: callMs(deadline, Infinity),
        shouldRetry: ({ error }) => error instanceof EntriesLeft && !deadline.isOver(),
      }).catch((error: unknown) => {
        if (!(error instanceof EntriesLeft)) failure = toConnectorError(error);
      });
      return left;
    };

    /** Whether the bus accepts requests at all. EventBridge answers MalformedDetail to a detail that is not an object and publishes nothing. */
    const acceptsRequests = async (): Promise<boolean> => {
      if (deadline.isOver()) return false;
      const probe = { EventBusName: busName, Source: EVENT_SOURCE, DetailType: 'Probe', Detail: '[]' };
      return putEvents([probe], deadline).then(
        () => true,
        () => false,
      );
    };

    const sendings = events.map((event) => toSending(event, busName));
    const left = await pMap(pack(sendings), send, { concurrency: CONCURRENCY });
    if (failure !== undefined) throw failure;
    const unsent = left.flat().map(({ event }) => event);
    // If the bus rejects every request, the entries are not the reason.
    if (suspected.length === 0 || isAnswered || (await acceptsRequests()))
      return { accepted, refused: [...refused, ...suspected], unsent };
    return { accepted, refused, unsent: [...unsent, ...suspected.map(({ event }) => event)] };
  }

  return { assertExists, publish };
}

class EntriesLeft extends Error {}

/** The code of a request that was rejected because of its entries; undefined for any other error. */
function codeAboutEntries(error: unknown): string | undefined {
  // A 413 has no body (https://github.com/boto/boto3/issues/3411), or one that the SDK cannot read and reports as another error.
  if (error instanceof Error && (error as Partial<EventBridgeServiceException>).$metadata?.httpStatusCode === 413)
    return 'RequestEntityTooLarge';
  return error instanceof EventBridgeServiceException && ABOUT_ENTRIES.has(error.name) ? error.name : undefined;
}

function toSending<Event extends BusEvent>(event: Event, busName: string): Sending<Event> {
  const entry = {
    EventBusName: busName,
    Source: EVENT_SOURCE,
    DetailType: event.detailType,
    Time: new Date(event.time),
    Detail: JSON.stringify(event.detail),
  };
  return { event, entry, bytes: entryBytes(entry) };
}

function denied(code: string, busName: string): ConnectorError {
  return new ConnectorError(
    'BUS_DENIED',
    `EventBridge answered ${code} for the bus "${busName}": the function's role and the bus policy must both allow events:PutEvents and events:DescribeEventBus`,
  );
}

/** BUS_EXHAUSTED for every error that may pass by itself. */
function busError(error: unknown, busName: string): ConnectorError {
  const name = errorName(error);
  if (error instanceof EventBridgeServiceException) {
    if (isDenied(name)) return denied(name, busName);
    if (name === 'ResourceNotFoundException')
      return new ConnectorError(
        'BUS_MISSING',
        `this account and region have no event bus "${busName}": deploy the stack again, or set the name of an existing bus`,
      );
  }
  return new ConnectorError(
    'BUS_EXHAUSTED',
    `EventBridge could not be reached or failed (${name}); the next run tries again`,
    { cause: error },
  );
}
