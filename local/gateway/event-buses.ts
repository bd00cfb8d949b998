import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import type { Matcher } from './event-pattern';
import { arnOf } from './place';
import type { AwsPlace } from './place';
import { AwsError } from './protocol';
import type { DeliveredEvent } from './put-events';

/** Gets events as a target would. What it throws becomes an unhandled rejection: it is not the publisher's failure. */
export type EventListener = (event: DeliveredEvent) => unknown;

export interface Rule {
  readonly arn: string;
  readonly matches: Matcher;
  readonly enabled: boolean;
  /** Target ARNs by target id. */
  readonly targets: Map<string, string>;
}

export interface EventBus {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: Millis;
  /** By name. */
  readonly rules: Map<string, Rule>;
  readonly listeners: Set<EventListener>;
}

export interface EventBuses {
  /** By name or ARN; no name is the default bus. An ARN of another account or region is not here. */
  find(nameOrArn: string | null | undefined): EventBus | undefined;
  /** @throws AwsError ResourceNotFoundException */
  get(nameOrArn: string | null | undefined): EventBus;
  /** @throws AwsError ResourceAlreadyExistsException, ValidationException. */
  create(name: string): EventBus;
  /** A bus that is not there is gone already. @throws AwsError ValidationException for the default bus and one with rules. */
  delete(name: string): void;
}

const DEFAULT_BUS = 'default';

/** The account's event buses. The default bus is always there. */
export function createEventBuses(place: AwsPlace, clock: Clock): EventBuses {
  const buses = new Map<string, EventBus>();
  const prefix = arnOf(place, 'events', 'event-bus/');
  const nameOf = (nameOrArn: string | null | undefined) =>
    nameOrArn?.startsWith(prefix) ? nameOrArn.slice(prefix.length) : (nameOrArn ?? DEFAULT_BUS);

  const find = (nameOrArn: string | null | undefined) => buses.get(nameOf(nameOrArn));
  const create = (name: string) => {
    if (!/^[/.\-_A-Za-z0-9]{1,256}$/.test(name))
      throw new AwsError('ValidationException', `The name ${name} is not valid for an event bus.`);
    if (buses.has(name)) throw new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
    const bus: EventBus = { name, arn: prefix + name, createdAt: clock.now(), rules: new Map(), listeners: new Set() };
    buses.set(name, bus);
    return bus;
  };
  create(DEFAULT_BUS);

  return {
    find,
    create,
    get: (nameOrArn) => {
      const bus = find(nameOrArn);
      if (bus === undefined)
        throw new AwsError('ResourceNotFoundException', `Event bus ${nameOf(nameOrArn)} does not exist.`);
      return bus;
    },
    delete: (name) => {
      if (name === DEFAULT_BUS) throw new AwsError('ValidationException', 'Cannot delete event bus default.');
      if ((buses.get(name)?.rules.size ?? 0) > 0)
        throw new AwsError('ValidationException', "Event bus can't be deleted since it has rules.");
      buses.delete(name);
    },
  };
}
