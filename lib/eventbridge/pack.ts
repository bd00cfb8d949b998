/** Entries in one PutEvents request. AWS quota page, read 2026-11. */
export const MAX_ENTRIES = 10;

/** Bytes that all entries of one PutEvents request must stay below. AWS quota page, read 2026-11. */
export const MAX_REQUEST_BYTES = 1_000_000;

/** Bytes that EventBridge counts for an entry's `Time`. */
const TIME_BYTES = 14;

/** Bytes of an entry that has a `Time` and no resources, as EventBridge counts them. */
export function entryBytes(entry: { readonly Source: string; readonly DetailType: string; readonly Detail: string }) {
  return (
    TIME_BYTES + Buffer.byteLength(entry.Source) + Buffer.byteLength(entry.DetailType) + Buffer.byteLength(entry.Detail)
  );
}

/**
 * Splits a list into requests, in order, each as full as the limits allow. An item over the limit is alone in its request.
 *
 * @param maxBytes Bytes that a request must stay below.
 */
export function packRequests<Item>(
  items: readonly Item[],
  bytesOf: (item: Item) => number,
  maxBytes = MAX_REQUEST_BYTES,
): Item[][] {
  const requests: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const current = requests.at(-1);
    bytes += size;
    if (current === undefined || current.length === MAX_ENTRIES || bytes >= maxBytes) {
      requests.push([item]);
      bytes = size;
    } else current.push(item);
  }
  return requests;
}
