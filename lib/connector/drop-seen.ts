import type { MarkedEvent } from './deliver';
import type { SeenSet } from './ports';

/** An event that can say that it replaces what was published under its id. */
type RevisableEvent = MarkedEvent & { readonly detail: { readonly revision: boolean } };

/**
 * The events that were not published before, in order, each once. An id that went out with another content goes out
 * again as a revision.
 */
export function dropSeen<Event extends RevisableEvent>(events: readonly Event[], seen: SeenSet): Event[] {
  const elements = new Set<string>();
  const ids = new Set<string>();
  return events.flatMap((event) => {
    const { element } = event.seen;
    const status = elements.has(element) ? 'same' : seen.status(event.seen);
    if (status === 'same') return [];
    elements.add(element);
    const id = element.slice(0, element.length / 2);
    const revised = status === 'revised' || ids.has(id);
    ids.add(id);
    return [revised ? { ...event, detail: { ...event.detail, revision: true } } : event];
  });
}
