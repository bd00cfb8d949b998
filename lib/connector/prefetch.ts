import type { Deadline } from './ports';

/**
 * The same items, with the next one already on its way while the caller works on this one. When the caller stops early,
 * what is on its way is awaited, so that nothing is pending afterwards.
 */
export async function* prefetch<Item>(items: AsyncGenerator<Item, void, void>, deadline: Deadline): AsyncGenerator<Item, void, void> {
  let next = items.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done === true) return;
      const ahead = !deadline.isNear();
      if (ahead) {
        next = items.next();
        // A failure is the caller's once it asks for the item; until then it must not count as unhandled.
        next.catch(() => undefined);
      }
      yield value;
      if (!ahead) next = items.next();
    }
  } finally {
    await Promise.allSettled([next]);
    await items.return();
  }
}
