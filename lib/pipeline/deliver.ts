import pMap from 'p-map';
import { MAX_DETAIL_BYTES } from '../events/encode/bound';
import type { NormalizedEvent } from '../events/normalize';
import { ConnectorError, toConnectorError } from '../domain/errors';
import type { PublishedId } from '../domain/published-id';
import type { Lease } from '../ports/checkpoints';
import type { BusEvent } from '../domain/event';
import { claim, quarantineEvent, quarantineRaw, type RawRecord } from './quarantine';
import type { Run } from './run';
import { countEmitted, type Tally } from './tally';

/** Events that are published, then marked, together. */
export const UNIT_EVENTS = 100;

/** Objects that a unit writes to the archive at most, all at once: a slow archive must not keep a unit from being marked. */
const UNIT_OBJECTS = 16;

/** Bytes of the events that a unit holds in memory. One event alone may be larger. */
const UNIT_BYTES = 4 * 1024 * 1024;

/** What is quarantined waits for the end of the page, so that it holds up no good event; this many of it at most. */
const WAITING = { count: 2_000, bytes: 16 * 1024 * 1024 } as const;

/** Milliseconds of work after which what is ready goes out: a run that is killed has lost no more than this. */
const UNIT_MS = 1_000;

/** Milliseconds of work after which pending requests get a turn. */
const TURN_MS = 50;

/** Something to publish; `bytes` are those of its serialized detail. When the bus has accepted it, its marks are written. */
export type Outgoing =
  | {
      readonly kind: 'event';
      readonly event: NormalizedEvent;
      readonly bytes: number;
      readonly marks: readonly PublishedId[];
    }
  /** Announces a raw record, which is quarantined before that. */
  | {
      readonly kind: 'announcement';
      readonly event: BusEvent;
      readonly raw: RawRecord;
      readonly bytes: number;
      readonly marks: readonly PublishedId[];
    };

/** Why not everything went out. */
export type Leftover =
  /** The bus did not accept it, or time ran out. */
  { readonly kind: 'unsent'; readonly count: number } | { readonly kind: 'failure'; readonly error: ConnectorError };

/**
 * Publishes in units: what belongs into the archive is written, the unit is published, then marked, while the next unit
 * is made ready. What EventBridge rejects for good is quarantined and counts as delivered.
 */
export interface UnitDelivery {
  add(outgoing: readonly Outgoing[]): Promise<void>;
  /** Sends what is ready, and waits for it. */
  drain(): Promise<void>;
  /** Waits for what is under way, and sends nothing more. */
  settle(): Promise<void>;
  /** A unit was delivered since this was last asked. */
  hasProgressed(): boolean;
  /** null: everything that was added is on the bus or in quarantine, and marked. */
  leftover(): Leftover | null;
}

export type DeliveryRun = Pick<
  Run<Pick<Lease<unknown>, 'recordQuarantine' | 'markPublished'>>,
  'archive' | 'connector' | 'deadline' | 'telemetry' | 'lease' | 'clock' | 'publish' | 'nextTurn'
>;

/** @param fence Called before each unit is published; throws ConnectorError LEASE_LOST when another run took over. */
export function createUnitDelivery(run: DeliveryRun, tally: Tally, fence: () => Promise<void>): UnitDelivery {
  const { lease, clock, deadline } = run;
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

  const deliver = async (entries: readonly Outgoing[]): Promise<void> => {
    const ready = (
      await pMap(entries, (entry) => attempt(() => archive(run, entry, tally)), { concurrency: UNIT_OBJECTS })
    ).filter((entry) => entry !== null);
    if (ready.length === 0) return;
    await fence();
    const byEvent = new Map<BusEvent, Outgoing>(ready.map((entry) => [entry.event, entry]));
    const outgoingOf = (event: BusEvent): readonly Outgoing[] => {
      const found = byEvent.get(event);
      return found === undefined ? [] : [found];
    };
    const answer = await run.publish(
      ready.map(({ event }) => event),
      deadline,
    );
    // What the bus accepted is marked first: it must not go out again because something else cannot be quarantined.
    const accepted = answer.accepted.flatMap(outgoingOf);
    await lease.markPublished(accepted.flatMap(({ marks }) => marks));
    for (const entry of accepted) if (entry.kind === 'event') countEmitted(tally, entry.event);
    unsent += answer.unsent.length;
    await quarantineRejected(
      answer.refused.flatMap(({ event, code }) => outgoingOf(event).map((entry) => ({ entry, code }))),
    );
    progressed ||= accepted.length > 0;
  };

  const quarantineRejected = async (
    rejected: readonly { readonly entry: Outgoing; readonly code: string }[],
  ): Promise<void> => {
    for (let next = 0; next < rejected.length; next += UNIT_OBJECTS) {
      const some = rejected.slice(next, next + UNIT_OBJECTS);
      const kept = await Promise.all(
        some.map(({ entry, code }) =>
          attempt(async () => {
            if (entry.kind === 'announcement')
              throw new ConnectorError('BUS_EXHAUSTED', `EventBridge rejected a health event with ${code}`);
            await quarantineEvent(run, entry.event, code);
            return entry;
          }),
        ),
      );
      const quarantined = kept.filter((entry) => entry !== null);
      tally.quarantined += quarantined.length;
      await lease.markPublished(quarantined.flatMap(({ marks }) => marks));
      progressed ||= quarantined.length > 0;
    }
  };

  const send = async (entries: readonly Outgoing[]): Promise<void> => {
    await underWay;
    // After a unit that the bus did not accept whole, no further one is tried.
    if (deadline.isOver() || unsent > 0) unsent += entries.length;
    else underWay = deliver(entries);
    // Whoever awaits it next gets the failure; until then it must not count as unhandled.
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
      await run.nextTurn();
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
    leftover: () =>
      failure !== undefined
        ? { kind: 'failure', error: failure }
        : unsent > 0
          ? { kind: 'unsent', count: unsent }
          : null,
  };
}

const isUnparsed = ({ detail }: NormalizedEvent): boolean => detail.stream === 'audit' && detail.unparsed;

const isOversized = ({ bytes }: Outgoing): boolean => bytes > MAX_DETAIL_BYTES;

const isQuarantined = (one: Outgoing): boolean => one.kind === 'announcement' || isUnparsed(one.event);

/** Writes what belongs into the archive before the event goes out. Answers the event as it goes out. */
async function archive(run: DeliveryRun, outgoing: Outgoing, tally: Tally): Promise<Outgoing> {
  if (outgoing.kind === 'announcement') {
    await quarantineRaw(run, outgoing.raw);
    tally.quarantined += 1;
    return outgoing;
  }
  const { event } = outgoing;
  if (isUnparsed(event)) {
    await quarantineEvent(run, event, 'unparsed');
    tally.quarantined += 1;
  }
  return isOversized(outgoing) ? { ...outgoing, event: await claim(run, event) } : outgoing;
}
