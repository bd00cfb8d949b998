import pMap from 'p-map';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError, toConnectorError } from '../domain/errors';
import type { BusEvent, EncodedEvent } from '../domain/event';
import type { PublishedId } from '../domain/published-id';
import { MAX_DETAIL_BYTES } from '../events/encode/bound';
import type { Lease } from '../ports/checkpoints';
import type { EventBus } from '../ports/event-bus';
import type { Quarantine, RawRecord } from './quarantine';
import { countEmitted, type Tally } from './tally';

/** Events that are published, then marked, together. */
export const UNIT_EVENTS = 100;

/** Objects that a unit writes to the archive at most, all at once: a slow archive must not keep a unit from being marked. */
const UNIT_OBJECTS = 16;

/** Bytes of the events that a unit holds in memory. One event alone may be larger. */
const UNIT_BYTES = 4 * 1024 * 1024;

/** What is quarantined waits for the end of the page, so that it delays no good event; this many of it at most. */
const WAITING = { count: 2_000, bytes: 16 * 1024 * 1024 } as const;

/** Milliseconds of work after which a unit is published: a killed run loses this much at most. */
const UNIT_MS = 1_000;

/** Milliseconds of work after which pending requests get a turn. */
const TURN_MS = 50;

/** Something to publish; `bytes` are those of its serialized detail, or of the raw record. */
export type Outgoing = { readonly publishedIds: readonly PublishedId[]; readonly bytes: number } & (
  | { readonly kind: 'event'; readonly event: EncodedEvent; readonly isParsed: boolean }
  /** A health event about a raw record, which is quarantined before it. */
  | { readonly kind: 'raw'; readonly event: BusEvent; readonly raw: RawRecord }
);

/** Why not everything was delivered. */
export type Leftover =
  /** The bus did not accept it, or time ran out. */
  { readonly kind: 'unsent'; readonly count: number } | { readonly kind: 'failure'; readonly error: ConnectorError };

/**
 * Publishes in units: writes what belongs into the archive, publishes the unit, then marks it, while the next unit is made
 * ready. What EventBridge rejects for good is quarantined and counts as delivered.
 */
export interface UnitDelivery {
  add(outgoing: readonly Outgoing[]): Promise<void>;
  /** Sends what is ready, and waits for it. */
  drain(): Promise<void>;
  /** Waits for what was sent, and sends nothing more. */
  settle(): Promise<void>;
  /** A unit was delivered since the last call. */
  hasProgressed(): boolean;
  /** null: everything that was added is on the bus or in quarantine, and marked. */
  leftover(): Leftover | null;
}

export interface DeliveryDeps {
  readonly publish: EventBus['publish'];
  readonly quarantine: Quarantine;
  readonly lease: Pick<Lease<unknown>, 'markPublished'>;
  readonly deadline: Deadline;
  readonly clock: Clock;
  /** Lets pending requests continue between two pieces of work. */
  readonly nextTurn: () => Promise<unknown>;
  /** Counts everything as delivered; publishes, quarantines and marks nothing. */
  readonly dryRun: boolean;
  readonly tally: Tally;
  /** Called before each unit is published. Throws ConnectorError LEASE_LOST when another run took over. */
  readonly fence: () => Promise<void>;
}

export function createUnitDelivery(deps: DeliveryDeps): UnitDelivery {
  const { publish, quarantine, lease, deadline, clock, nextTurn, dryRun, tally, fence } = deps;
  const unit: Outgoing[] = [];
  const waiting: Outgoing[] = [];
  let waitingBytes = 0;
  let unitSince = clock.now();
  let turnAt = clock.now();
  let underWay: Promise<void> = Promise.resolve();
  let progressed = false;
  let unsent = 0;
  let failure: ConnectorError | undefined;

  /** What fails for one event must not stop the others. null: it failed. */
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result | null> => {
    try {
      return await work();
    } catch (thrown) {
      const error = toConnectorError(thrown);
      if (error.code === 'OUT_OF_TIME') unsent += 1;
      else failure ??= error;
      return null;
    }
  };

  /** Writes what belongs into the archive before the event is published. Returns the event to publish. */
  const archive = async (outgoing: Outgoing): Promise<Outgoing> => {
    if (isQuarantined(outgoing)) {
      if (outgoing.kind === 'raw') await quarantine.raw(outgoing.raw);
      else await quarantine.event(outgoing.event, 'unparsed');
      tally.quarantined += 1;
    }
    return outgoing.kind === 'event' && isOversized(outgoing)
      ? { ...outgoing, event: await quarantine.claim(outgoing.event) }
      : outgoing;
  };

  const markAll = (entries: readonly Outgoing[]) =>
    lease.markPublished(entries.flatMap(({ publishedIds }) => publishedIds));

  const deliver = async (entries: readonly Outgoing[]): Promise<void> => {
    if (dryRun) {
      for (const entry of entries) if (entry.kind === 'event') countEmitted(tally, entry.event);
      return;
    }
    const archived = await pMap(entries, (entry) => attempt(() => archive(entry)), { concurrency: UNIT_OBJECTS });
    const ready = archived.filter((entry) => entry !== null);
    if (ready.length === 0) return;
    await fence();
    const byEvent = new Map<BusEvent, Outgoing>(ready.map((entry) => [entry.event, entry]));
    const answer = await publish([...byEvent.keys()], deadline);
    // What the bus accepted is marked first: it must not be published again because something else cannot be quarantined.
    const accepted = answer.accepted.flatMap((event) => byEvent.get(event) ?? []);
    await markAll(accepted);
    for (const entry of accepted) if (entry.kind === 'event') countEmitted(tally, entry.event);
    progressed ||= accepted.length > 0;
    unsent += answer.unsent.length;
    const rejected = answer.refused.flatMap(({ event, code }) => {
      const entry = byEvent.get(event);
      return entry === undefined ? [] : [{ entry, code }];
    });
    for (let next = 0; next < rejected.length; next += UNIT_OBJECTS)
      await quarantineRejected(rejected.slice(next, next + UNIT_OBJECTS));
  };

  const quarantineRejected = async (
    rejected: readonly { readonly entry: Outgoing; readonly code: string }[],
  ): Promise<void> => {
    const attempts = rejected.map(({ entry, code }) =>
      attempt(async () => {
        if (entry.kind === 'raw')
          throw new ConnectorError('BUS_EXHAUSTED', `EventBridge rejected a health event with ${code}`);
        await quarantine.event(entry.event, code);
        return entry;
      }),
    );
    const quarantined = (await Promise.all(attempts)).filter((entry) => entry !== null);
    tally.quarantined += quarantined.length;
    await markAll(quarantined);
    progressed ||= quarantined.length > 0;
  };

  const send = async (entries: readonly Outgoing[]): Promise<void> => {
    await underWay;
    // After a unit that the bus did not accept whole, no further one is tried.
    if (deadline.isOver() || unsent > 0) unsent += entries.length;
    else underWay = deliver(entries);
    // The next await of it gets the failure; until then it must not count as unhandled.
    underWay.catch(() => undefined);
    unitSince = clock.now();
  };

  const sendUnit = (): Promise<void> => send(unit.splice(0));

  const sendWaiting = async (): Promise<void> => {
    waitingBytes = 0;
    for (const some = waiting.splice(0); some.length > 0;) await send(some.splice(0, UNIT_OBJECTS));
  };

  const isFull = (): boolean => {
    const objects = unit.filter(isOversized).length;
    const bytes = unit.reduce((sum, one) => sum + one.bytes, 0);
    const isOld = clock.now() - unitSince >= Math.min(UNIT_MS, deadline.untilNear() / 2);
    return unit.length >= UNIT_EVENTS || objects >= UNIT_OBJECTS || bytes >= UNIT_BYTES || isOld;
  };

  return {
    async add(outgoing) {
      for (const one of outgoing) {
        if (isQuarantined(one)) {
          waiting.push(one);
          waitingBytes += one.bytes;
          if (waiting.length >= WAITING.count || waitingBytes >= WAITING.bytes) await sendWaiting();
          continue;
        }
        if (unit.length === 0) unitSince = clock.now();
        unit.push(one);
        if (isFull()) await sendUnit();
      }
      if (clock.now() - turnAt < TURN_MS) return;
      await nextTurn();
      turnAt = clock.now();
    },
    async drain() {
      if (unit.length > 0) await sendUnit();
      await sendWaiting();
      await underWay;
    },
    settle: () => underWay,
    hasProgressed() {
      const had = progressed;
      progressed = false;
      return had;
    },
    leftover() {
      if (failure !== undefined) return { kind: 'failure', error: failure };
      return unsent > 0 ? { kind: 'unsent', count: unsent } : null;
    },
  };
}

const isOversized = ({ bytes }: Outgoing): boolean => bytes > MAX_DETAIL_BYTES;

const isQuarantined = (one: Outgoing): boolean => one.kind === 'raw' || !one.isParsed;
