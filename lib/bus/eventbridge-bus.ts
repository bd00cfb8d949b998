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
import { ConnectorError } from '../connector/errors';
import type { Bus, BusEvent, Deadline, Delivery } from '../connector/ports';
import { entryBytes, packRequests } from './pack';

/** Requests under way at once. A request costs 1 ms of CPU and some 20 ms of waiting; above 8 nothing is gained. */
const CONCURRENCY = 6;

/** Milliseconds one request may take with the SDK's own retries. */
const CALL_MS = 20_000;

/** Entry errors that the same entry will meet again. Every other code is tried again. */
const REFUSED_FOR_GOOD: ReadonlySet<string> = new Set(['MalformedDetail', 'InvalidArgument']);

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
}

/** The EventBridge bus that events go out on. */
export function createEventBridgeBus({ client, busName, resendDelayMs = 200 }: EventBridgeBusDeps): Bus {
  const options = (deadline: Deadline) => ({ abortSignal: AbortSignal.timeout(Math.max(1, Math.min(CALL_MS, deadline.remaining()))) });

  async function assertExists(deadline: Deadline): Promise<void> {
    try {
      await client.send(new DescribeEventBusCommand({ Name: busName }), options(deadline));
    } catch (error) {
      throw busError(error, busName);
    }
  }

  /** One request; the entries that must be sent again. */
  async function put<Event>(batch: readonly Sending<Event>[], deadline: Deadline, outcome: Outcome<Event>): Promise<Sending<Event>[]> {
    let results: PutEventsResultEntry[];
    try {
      const answer = await client.send(new PutEventsCommand({ Entries: batch.map(({ entry }) => entry) }), options(deadline));
      results = answer.Entries ?? [];
    } catch (error) {
      const failure = busError(error, busName);
      if (failure.code !== 'BUS_EXHAUSTED') throw failure;
      return [...batch];
    }
    // Fewer answers than entries: nobody knows which entry an answer is for.
    if (results.length !== batch.length) return [...batch];
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

  /** Sends a request until every entry is taken or refused for good, or tries and time run out; what is left then. */
  async function send<Event>(batch: Sending<Event>[], deadline: Deadline, outcome: Outcome<Event>): Promise<Sending<Event>[]> {
    let pending = batch;
    const attempt = async () => {
      if (!deadline.isNear()) pending = await put(pending, deadline, outcome);
      if (pending.length > 0) throw new EntriesLeft();
    };
    try {
      await pRetry(attempt, {
        retries: RESENDS,
        minTimeout: resendDelayMs,
        randomize: true,
        maxRetryTime: deadline.remaining(),
        shouldRetry: ({ error }) => error instanceof EntriesLeft && !deadline.isNear(),
      });
    } catch (error) {
      if (!(error instanceof EntriesLeft)) throw error;
    }
    return pending;
  }

  async function publish<Event extends BusEvent>(events: readonly Event[], deadline: Deadline): Promise<Delivery<Event>> {
    const outcome: Outcome<Event> = { accepted: [], refused: [] };
    const sendings = events.map((event) => ({ event, entry: toEntry(event, busName) }));
    let failure: Error | undefined;
    // A failure stops the requests behind it, but those under way are awaited: nothing may be pending afterwards.
    const sendUnlessFailed = async (batch: Sending<Event>[]) => {
      if (failure !== undefined) return batch;
      return send(batch, deadline, outcome).catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error('a value that is no Error was thrown');
        return batch;
      });
    };
    const left = await pMap(packRequests(sendings, ({ entry }) => entryBytes(entry)), sendUnlessFailed, { concurrency: CONCURRENCY });
    if (failure !== undefined) throw failure;
    return { ...outcome, unsent: left.flat().map(({ event }) => event) };
  }

  return { assertExists, publish };
}

class EntriesLeft extends Error {}

interface Outcome<Event> {
  readonly accepted: Event[];
  readonly refused: { event: Event; code: string }[];
}

function toEntry({ detailType, time, detail }: BusEvent, busName: string): Sending<BusEvent>['entry'] {
  return { EventBusName: busName, Source: EVENT_SOURCE, DetailType: detailType, Time: new Date(time), Detail: JSON.stringify(detail) };
}

function denied(code: string, busName: string): ConnectorError {
  return new ConnectorError('BUS_DENIED', `EventBridge answered ${code} for the bus "${busName}": the function's role and the bus policy must both allow it events:PutEvents and events:DescribeEventBus`);
}

/** BUS_EXHAUSTED stands for whatever may pass by itself. */
function busError(error: unknown, busName: string): ConnectorError {
  if (error instanceof EventBridgeServiceException) {
    if (error.name === 'ResourceNotFoundException') {
      return new ConnectorError('BUS_MISSING', `there is no event bus "${busName}" in this account and region; deploy the stack again, or name the bus that is there`);
    }
    if (isDenied(error.name)) return denied(error.name, busName);
  }
  const reason = error instanceof Error ? error.name : 'unknown error';
  return new ConnectorError('BUS_EXHAUSTED', `EventBridge could not be reached or failed (${reason}); the next tick tries again`, { cause: error });
}
