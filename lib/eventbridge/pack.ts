/** Entries in one PutEvents request. AWS quota page, read 2026-11. */
export const MAX_ENTRIES = 10;

/** Bytes of all entries of one PutEvents request; the sum must stay below. 256 KB until January 2026. AWS quota page, read 2026-11. */
export const MAX_REQUEST_BYTES = 1_000_000;

/** Bytes that an entry's `Time` counts for, whatever its form. */
const TIME_BYTES = 14;

/** What is measured of an entry. */
export interface SizedEntry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

/** Bytes of an entry that has a `Time` and no resources, as EventBridge counts them. */
export function entryBytes({ Source, DetailType, Detail }: SizedEntry): number {
  return TIME_BYTES + Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);
}

/**
 * Cuts a list into requests, in order: each as full as the two limits allow. An item over the limit is alone in its request.
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
    if (current === undefined || current.length === MAX_ENTRIES || bytes + size >= maxBytes) {
      requests.push([item]);
      bytes = size;
    } else {
      current.push(item);
      bytes += size;
    }
  }
  return requests;
}
