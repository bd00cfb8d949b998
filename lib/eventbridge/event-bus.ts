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
import { callMs } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { Deadline } from '../domain/deadline';
import type { BusEvent } from '../domain/event';
import type { EventBus, Delivery } from '../ports/event-bus';
import { entryBytes, MAX_REQUEST_BYTES, packRequests } from './pack';

/** Requests under way at once. A request costs 1 ms of CPU and some 20 ms of waiting; above 8 nothing is gained. */
const CONCURRENCY = 6;

/** Milliseconds one request may take with the SDK's own retries. */
const CALL_MS = 20_000;

/** Codes of an entry that the same entry will meet again. Every other code is tried again. */
const REFUSED_FOR_GOOD: ReadonlySet<string> = new Set(['MalformedDetail', 'InvalidArgument']);

/**
 * Codes of a request that its entries are the reason for. HTTP 413 is one too. Every other error (throttling,
 * credentials, signature, clock, network, a fault of the service) says nothing about the entries.
 */
const REFUSED_AS_A_WHOLE: ReadonlySet<string> = new Set([
  'ValidationException',
  'ValidationError',
  'SerializationException',
]);

/** How often the refused entries of a request are sent again: about 10 s in all. */
const RESENDS = 5;

const isDenied = (code: string) => code.startsWith('AccessDenied') || code.startsWith('NotAuthorized');

export interface EventBridgeBusDeps {
  readonly client: EventBridgeClient;
  /** Name or ARN. */
  readonly busName: string;
  /** Milliseconds before the first resend, doubled (and jittered) with every further one. */
  readonly resendDelayMs?: number;
}

interface Sending<Event> {
  readonly event: Event;
  readonly entry: PutEventsRequestEntry & { Source: string; DetailType: string; Detail: string };
  /** As EventBridge counts them. */
  readonly bytes: number;
}

/** The EventBridge bus that events go out on. */
export function createEventBridgeBus({ client, busName, resendDelayMs = 200 }: EventBridgeBusDeps): EventBus {
  /** Bytes of the smallest request that was too large, once there was one: a partition may allow less in total than AWS documents. */
  let tooLargeBytes = MAX_REQUEST_BYTES;

  const options = (deadline: Deadline) => ({ abortSignal: AbortSignal.timeout(callMs(deadline, CALL_MS)) });
  const pack = <Event>(batch: readonly Sending<Event>[]) => packRequests(batch, ({ bytes }) => bytes, tooLargeBytes);

  async function assertExists(deadline: Deadline): Promise<void> {
    try {
      await client.send(new DescribeEventBusCommand({ Name: busName }), options(deadline));
    } catch (error) {
      throw busError(error, busName);
    }
  }

  /**
   * One request, or more where it is larger than the bus takes. What is refused as a whole is halved until the entry at
   * fault is alone. Answers the entries that must be sent again.
   */
  async function put<Event>(
    batch: readonly Sending<Event>[],
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Promise<Sending<Event>[]> {
    if (deadline.isOver()) return [...batch];
    const requests = pack(batch);
    if (requests.length > 1) return putInTurn(requests, deadline, outcome);
    let results: PutEventsResultEntry[];
    try {
      const answer = await client.send(
        new PutEventsCommand({ Entries: batch.map(({ entry }) => entry) }),
        options(deadline),
      );
      results = answer.Entries ?? [];
    } catch (error) {
      const code = requestErrorCode(error);
      if (code === undefined) {
        const failure = busError(error, busName);
        if (failure.code !== 'BUS_EXHAUSTED') throw failure;
        return [...batch];
      }
      if (batch.length === 1) {
        outcome.suspected.push(...batch.map(({ event }) => ({ event, code })));
        return [];
      }
      const suspectedBefore = outcome.suspected.length;
      const half = Math.ceil(batch.length / 2);
      const left = await putInTurn([batch.slice(0, half), batch.slice(half)], deadline, outcome);
      // Both halves went through, so no entry was at fault: together they were too large.
      if (left.length === 0 && outcome.suspected.length === suspectedBefore)
        tooLargeBytes = Math.min(tooLargeBytes, bytesOf(batch));
      return left;
    }
    // Fewer answers than entries: nobody knows which entry an answer is for.
    if (results.length !== batch.length) return [...batch];
    outcome.isAnswered = true;
    return batch.filter(({ event }, index) => {
      const { EventId, ErrorCode } = results[index] ?? {};
      if (EventId !== undefined && EventId !== '') {
        outcome.accepted.push(event);
        return false;
      }
      if (ErrorCode !== undefined && isDenied(ErrorCode)) throw denied(ErrorCode, busName);
      if (ErrorCode !== undefined && REFUSED_FOR_GOOD.has(ErrorCode)) {
        outcome.refused.push({ event, code: ErrorCode });
        return false;
      }
      return true;
    });
  }

  async function putInTurn<Event>(
    requests: readonly (readonly Sending<Event>[])[],
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Promise<Sending<Event>[]> {
    const left: Sending<Event>[] = [];
    for (const request of requests) left.push(...(await put(request, deadline, outcome)));
    return left;
  }

  /** Whether the bus takes requests at all. A detail that is no object is answered MalformedDetail for itself: nothing is published. */
  async function takesRequests(deadline: Deadline): Promise<boolean> {
    if (deadline.isOver()) return false;
    try {
      await client.send(
        new PutEventsCommand({
          Entries: [{ EventBusName: busName, Source: EVENT_SOURCE, DetailType: 'Probe', Detail: '[]' }],
        }),
        options(deadline),
      );
      return true;
    } catch {
      return false;
    }
  }

  /** Sends a request until every entry is taken or refused for good, or tries and time run out; what is left then. */
  async function send<Event>(
    batch: Sending<Event>[],
    deadline: Deadline,
    outcome: Outcome<Event>,
  ): Promise<Sending<Event>[]> {
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

  async function publish<Event extends BusEvent>(
    events: readonly Event[],
    deadline: Deadline,
  ): Promise<Delivery<Event>> {
    const outcome: Outcome<Event> = { accepted: [], refused: [], suspected: [], isAnswered: false };
    const sendings = events.map((event) => {
      const entry = toEntry(event, busName);
      return { event, entry, bytes: entryBytes(entry) };
    });
    let failure: Error | undefined;
    // A failure stops the requests behind it, but those under way are awaited: nothing may be pending afterwards.
    const sendUnlessFailed = async (batch: Sending<Event>[]) => {
      if (failure !== undefined) return batch;
      return send(batch, deadline, outcome).catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error('a value that is no Error was thrown');
        return batch;
      });
    };
    const left = await pMap(pack(sendings), sendUnlessFailed, { concurrency: CONCURRENCY });
    if (failure !== undefined) throw failure;
    const { accepted, refused, suspected, isAnswered } = outcome;
    const unsent = left.flat().map(({ event }) => event);
    // Where every request is refused, the entries are not the reason.
    if (suspected.length === 0 || isAnswered || (await takesRequests(deadline)))
      return { accepted, refused: [...refused, ...suspected], unsent };
    return { accepted, refused, unsent: [...unsent, ...suspected.map(({ event }) => event)] };
  }

  return { assertExists, publish };
}

class EntriesLeft extends Error {}

interface Outcome<Event> {
  readonly accepted: Event[];
  readonly refused: { event: Event; code: string }[];
  /** Each was alone in a request that was refused as a whole. */
  readonly suspected: { event: Event; code: string }[];
  /** The bus has answered a request entry by entry. */
  isAnswered: boolean;
}

/** The code of a request that was refused for its entries; undefined: the error is about something else. */
function requestErrorCode(error: unknown): string | undefined {
  // A 413 comes without a body (https://github.com/boto/boto3/issues/3411), or with one that the SDK cannot read and throws as another error.
  if (error instanceof Error && (error as Partial<EventBridgeServiceException>).$metadata?.httpStatusCode === 413)
    return 'RequestEntityTooLarge';
  return error instanceof EventBridgeServiceException && REFUSED_AS_A_WHOLE.has(error.name) ? error.name : undefined;
}

const bytesOf = (batch: readonly { readonly bytes: number }[]) => batch.reduce((sum, { bytes }) => sum + bytes, 0);

function toEntry({ detailType, time, detail }: BusEvent, busName: string): Sending<BusEvent>['entry'] {
  return {
    EventBusName: busName,
    Source: EVENT_SOURCE,
    DetailType: detailType,
    Time: new Date(time),
    Detail: JSON.stringify(detail),
  };
}

function denied(code: string, busName: string): ConnectorError {
  return new ConnectorError(
    'BUS_DENIED',
    `EventBridge answered ${code} for the bus "${busName}": the function's role and the bus policy must both allow it events:PutEvents and events:DescribeEventBus`,
  );
}

/** BUS_EXHAUSTED stands for whatever may pass by itself. */
function busError(error: unknown, busName: string): ConnectorError {
  if (error instanceof EventBridgeServiceException) {
    if (error.name === 'ResourceNotFoundException') {
      return new ConnectorError(
        'BUS_MISSING',
        `there is no event bus "${busName}" in this account and region; deploy the stack again, or name the bus that is there`,
      );
    }
    if (isDenied(error.name)) return denied(error.name, busName);
  }
  const reason = error instanceof Error ? error.name : 'unknown error';
  return new ConnectorError(
    'BUS_EXHAUSTED',
    `EventBridge could not be reached or failed (${reason}); the next tick tries again`,
    { cause: error },
  );
}
