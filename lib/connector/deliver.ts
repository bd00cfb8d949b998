import type { Bus, BusEvent, Deadline, Delivery, SeenElement, Tenure } from './ports';

/** Events that are published, then marked, together. What a crash between the two repeats is at most two of these. */
export const FLUSH_UNIT = 100;

/** An event that knows its mark in the set of what was published. */
export interface MarkedEvent extends BusEvent {
  readonly seen: SeenElement;
}

export interface DeliverDeps<Event> {
  readonly publish: Bus['publish'];
  readonly tenure: Pick<Tenure, 'markSeen'>;
  readonly deadline: Deadline;
  /** Keeps an event that the bus will never take. `code` is EventBridge's. */
  readonly setAside: (event: Event, code: string) => Promise<void>;
}

/**
 * Puts events on the bus, unit by unit. A unit is marked as seen after the bus accepted it, while the next one is being
 * published. What the bus will never take is set aside and counts as delivered. Stops at the first unit that did not go
 * out whole, and when the deadline is near.
 */
export async function deliver<Event extends MarkedEvent>(events: readonly Event[], { publish, tenure, deadline, setAside }: DeliverDeps<Event>): Promise<Delivery<Event>> {
  const accepted: Event[] = [];
  const refused: { event: Event; code: string }[] = [];
  let unsent: readonly Event[] = [];
  let keeping: Promise<void> = Promise.resolve();

  /** What the bus took is marked first: it must not go out again because something else cannot be set aside. */
  const keep = async (delivery: Delivery<Event>): Promise<void> => {
    await tenure.markSeen(delivery.accepted.map(({ seen }) => seen));
    for (const { event, code } of delivery.refused) {
      await setAside(event, code);
      await tenure.markSeen([event.seen]);
    }
  };

  for (let next = 0; next < events.length && unsent.length === 0; next += FLUSH_UNIT) {
    if (deadline.isNear()) {
      unsent = events.slice(next);
      break;
    }
    const [published, kept] = await Promise.allSettled([publish(events.slice(next, next + FLUSH_UNIT), deadline), keeping]);
    if (published.status === 'fulfilled') {
      const delivery = published.value;
      if (delivery.unsent.length > 0) unsent = [...delivery.unsent, ...events.slice(next + FLUSH_UNIT)];
      accepted.push(...delivery.accepted);
      refused.push(...delivery.refused);
      keeping = keep(delivery);
    }
    for (const result of [kept, published]) {
      if (result.status === 'fulfilled') continue;
      await Promise.allSettled([keeping]);
      throw result.reason;
    }
  }
  await keeping;
  return { accepted, refused, unsent };
}
