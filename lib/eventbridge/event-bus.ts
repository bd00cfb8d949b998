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
import { ConnectorError, errorName } from '../domain/errors';
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

interface Outcome<Event> {
  readonly accepted: Event[];
  readonly refused: { event: Event; code: string }[];
  /** Each was alone in a request that was rejected because of its entries. */
  readonly suspected: { event: Event; code: string }[];
  /** EventBridge has answered at least one request entry by entry. */
  isAnswered: boolean;
}

/** Events that are not sent yet, or must be sent again. */
type Left<Event> = Promise<readonly Sending<Event>[]>;

/** An EventBridge bus. */
export function createEventBridgeBus({ client, busName, resendDelayMs = 200 }: EventBridgeBusDeps): EventBus {
  /** Bytes of the smallest request that was too large: a partition may allow less than AWS documents. */
  let tooLargeBytes = MAX_REQUEST_BYTES;

  const pack = <Event>(batch: readonly Sending<Event>[]) => packRequests(batch, ({ bytes }) => bytes, tooLargeBytes);

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

  /** One request, or more where the batch is larger than one may be. */
  async function put<Event>(
    batch: readonly Sending<Event>[],
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Left<Event> {
    if (deadline.isOver()) return batch;
    const requests = pack(batch);
    if (requests.length > 1) return putInTurn(requests, deadline, outcome);
    let results: PutEventsResultEntry[];
    try {
      results = await putEvents(
        batch.map(({ entry }) => entry),
        deadline,
      );
    } catch (error) {
      const code = codeAboutEntries(error);
      if (code !== undefined) return splitRejected(batch, code, deadline, outcome);
      const failure = busError(error, busName);
      if (failure.code !== 'BUS_EXHAUSTED') throw failure;
      return batch;
    }
    // With fewer results than entries, no result can be matched to its entry.
    if (results.length !== batch.length) return batch;
    outcome.isAnswered = true;
    return batch.filter(({ event }, index) => {
      const { EventId, ErrorCode = '' } = results[index] ?? {};
      if (EventId !== undefined && EventId !== '') {
        outcome.accepted.push(event);
        return false;
      }
      if (isDenied(ErrorCode)) throw denied(ErrorCode, busName);
      if (!PERMANENT.has(ErrorCode)) return true;
      outcome.refused.push({ event, code: ErrorCode });
      return false;
    });
  }

  /** Halves a rejected request until the entry at fault is alone. */
  async function splitRejected<Event>(
    batch: readonly Sending<Event>[],
    code: string,
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Left<Event> {
    if (batch.length === 1) {
      outcome.suspected.push(...batch.map(({ event }) => ({ event, code })));
      return [];
    }
    const suspectedBefore = outcome.suspected.length;
    const half = Math.ceil(batch.length / 2);
    const left = await putInTurn([batch.slice(0, half), batch.slice(half)], deadline, outcome);
    // Both halves were accepted, so no entry was at fault: together they were too large.
    if (left.length === 0 && outcome.suspected.length === suspectedBefore)
      tooLargeBytes = Math.min(
        tooLargeBytes,
        batch.reduce((sum, { bytes }) => sum + bytes, 0),
      );
    return left;
  }

  async function putInTurn<Event>(
    requests: readonly (readonly Sending<Event>[])[],
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Left<Event> {
    const left: Sending<Event>[] = [];
    for (const request of requests) left.push(...(await put(request, deadline, outcome)));
    return left;
  }

  /** Sends a request until every entry is accepted or rejected, or tries and time run out. */
  async function send<Event>(
    batch: readonly Sending<Event>[],
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Left<Event> {
    let pending = batch;
    const attempt = async () => {
      pending = await put(pending, deadline, outcome);
      if (pending.length > 0) throw new EntriesLeft();
    };
    try {
      await pRetry(attempt, {
        retries: RESENDS,
        minTimeout: resendDelayMs,
        randomize: true,
        maxRetryTime: callMs(deadline, Infinity),
        shouldRetry: ({ error }) => error instanceof EntriesLeft && !deadline.isOver(),
      });
    } catch (error) {
      if (!(error instanceof EntriesLeft)) throw error;
    }
    return pending;
  }

  /** Whether the bus accepts requests at all. EventBridge answers MalformedDetail to a detail that is not an object and publishes nothing. */
  async function acceptsRequests(deadline: Deadline): Promise<boolean> {
    if (deadline.isOver()) return false;
    const probe = { EventBusName: busName, Source: EVENT_SOURCE, DetailType: 'Probe', Detail: '[]' };
    return putEvents([probe], deadline).then(
      () => true,
      () => false,
    );
  }

  async function publish<Event extends BusEvent>(
    events: readonly Event[],
    deadline: Deadline,
  ): Promise<Delivery<Event>> {
    const outcome: Outcome<Event> = { accepted: [], refused: [], suspected: [], isAnswered: false };
    let failure: Error | undefined;
    // After a failure no request begins, but those under way are awaited: nothing may be pending afterwards.
    const sendUnlessFailed = async (batch: readonly Sending<Event>[]) => {
      if (failure !== undefined) return batch;
      return send(batch, deadline, outcome).catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error('a value that is not an Error was thrown');
        return batch;
      });
    };
    const sendings = events.map((event) => toSending(event, busName));
    const left = await pMap(pack(sendings), sendUnlessFailed, { concurrency: CONCURRENCY });
    if (failure !== undefined) throw failure;
    const { accepted, refused, suspected, isAnswered } = outcome;
    const unsent = left.flat().map(({ event }) => event);
    // If the bus rejects every request, the entries are not the reason.
    if (suspected.length === 0 || isAnswered || (await acceptsRequests(deadline)))
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
