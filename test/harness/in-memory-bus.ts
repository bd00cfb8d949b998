import {
  EventBridgeServiceException,
  PutEventsCommand,
  type EventBridgeClient,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { createEventBridgeBus } from '../../lib/eventbridge/event-bus';
import { callMs, type Deadline } from '../../lib/domain/deadline';
import { ConnectorError } from '../../lib/domain/errors';
import type { BusEvent } from '../../lib/domain/event';
import type { EventBus } from '../../lib/ports/event-bus';
import type { Io } from './in-memory-io';

/** The remote side of a bus: what arrived, and what it rejects. */
export interface InMemoryEventBus {
  /** While false, an entry is answered with success and dropped, as on AWS. */
  exists: boolean;
  /** EventBridge's error code for an entry; undefined: it is taken. */
  refuse: (event: BusEvent) => string | undefined;
  onArrival: (event: BusEvent) => void;
}

export const createInMemoryEventBus = (): InMemoryEventBus => ({
  exists: true,
  refuse: () => undefined,
  onArrival: () => undefined,
});

/** As lib/eventbridge. */
const CALL_MS = 20_000;

/** lib/eventbridge's own bus over a client in memory: refused entries are sent again at once. */
export function createInMemoryBus(far: InMemoryEventBus, io: Io): EventBus {
  const put = (entry: PutEventsRequestEntry): PutEventsResultEntry => {
    const event = eventOf(entry);
    const code = far.refuse(event);
    if (code !== undefined) return { ErrorCode: code, ErrorMessage: 'refused' };
    if (far.exists) far.onArrival(event);
    return { EventId: 'event' };
  };

  /** A client for the calls of one method: the adapter tells its client nothing of the deadline. */
  const busUntil = (deadline: Deadline) => {
    const call = { service: 'bus', limitMs: callMs(deadline, CALL_MS), deadline } as const;
    const client = {
      send: (command: object) =>
        (command instanceof PutEventsCommand
          ? io({ ...call, name: 'publish', about: `${entriesOf(command).length} events`, writes: true }, () => ({
              Entries: entriesOf(command).map(put),
            }))
          : io({ ...call, name: 'describe', writes: false }, () => {
              if (!far.exists) throw failure('ResourceNotFoundException');
              return {};
            })
        ).catch((error: unknown) => {
          throw error instanceof ConnectorError && error.code === 'BUS_DENIED'
            ? failure('AccessDeniedException')
            : error;
        }),
    };
    return createEventBridgeBus({
      // The adapter uses `send` alone, for these two commands.
      client: client as unknown as EventBridgeClient,
      busName: 'in-memory',
      resendDelayMs: 0,
    });
  };

  return {
    assertExists: (deadline) => busUntil(deadline).assertExists(deadline),
    publish: (events, deadline) => busUntil(deadline).publish(events, deadline),
  };
}

const entriesOf = ({ input }: PutEventsCommand) => input.Entries ?? [];

const eventOf = ({ DetailType = '', Time, Detail = '' }: PutEventsRequestEntry): BusEvent =>
  ({ detailType: DetailType, time: Time?.getTime(), detail: JSON.parse(Detail) as unknown }) as BusEvent;

const failure = (name: string) =>
  new EventBridgeServiceException({ name, message: name, $fault: 'client', $metadata: {} });
