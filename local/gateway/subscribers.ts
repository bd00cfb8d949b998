/** Adds to a set. @returns takes it out again. */
export function subscribe<T>(subscribers: Set<T>, subscriber: T): () => void {
  subscribers.add(subscriber);
  return () => {
    subscribers.delete(subscriber);
  };
}
