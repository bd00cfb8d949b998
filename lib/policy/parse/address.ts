import { isIP, isIPv4 } from 'node:net';
import { append, countWhile } from './collections';

/** Addresses of one family, both ends included. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Reads an address, a prefix `10.0.0.0/8` or a span `10.0.0.1-10.0.0.9`; undefined when the text is not valid. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [start = '', end, ...more] = text.split('-');
  if (more.length > 0) return undefined;
  if (end === undefined) return parsePrefix(text);
  const first = parsePrefix(start);
  const last = parsePrefix(end);
  if (first === undefined || last?.family !== first.family || last.last < first.first) return undefined;
  return { family: first.family, first: first.first, last: last.last };
}

function parsePrefix(text: string): AddressRange | undefined {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const bits =
    slash === -1 ? BITS[family] : /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : -1;
  if (bits < 0 || bits > BITS[family]) return undefined;
  const size = 1n << BigInt(BITS[family] - bits);
  const first = (addressNumber(address) / size) * size;
  return { family, first, last: first + size - 1n };
}

function addressNumber(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((number, byte) => number * 256n + BigInt(byte), 0n);
  const plain = address.replace(/%.*$/, '').replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const number = addressNumber(tail);
    return `${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].reduce((number, word) => number * 65_536n + BigInt(`0x${word}`), 0n);
}

export function containsRange(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** The addresses of `ranges` that are not in `holes`. Both are results of `mergeRanges`. */
export function subtractRanges(
  ranges: readonly AddressRange[],
  holes: readonly AddressRange[],
): readonly AddressRange[] {
  const left: AddressRange[] = [];
  let at = 0;
  for (const { family, first, last } of ranges) {
    let from = first;
    while (at < holes.length && isBefore(holes[at], { family, first, last })) at += 1;
    for (let next = at; next < holes.length; next += 1) {
      const hole = holes[next];
      if (hole?.family !== family || hole.first > last) break;
      if (hole.first > from) left.push({ family, first: from, last: hole.first - 1n });
      from = hole.last + 1n;
    }
    if (from <= last) left.push({ family, first: from, last });
  }
  return left;
}

function isBefore(hole: AddressRange | undefined, range: AddressRange): boolean {
  return (
    hole !== undefined && (hole.family < range.family || (hole.family === range.family && hole.last < range.first))
  );
}

/** The same addresses in the fewest ranges, sorted. */
export function mergeRanges(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const sorted = [...ranges].sort((a, b) => a.family - b.family || compare(a.first, b.first));
  const merged: AddressRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last?.family === range.family && range.first <= last.last + 1n)
      merged[merged.length - 1] = { ...last, last: range.last > last.last ? range.last : last.last };
    else merged.push(range);
  }
  return merged;
}

/** At least as wide as 10.0.0.0/8, more than one site has; for IPv6 the same share of the address space. */
export function isHuge({ family, first, last }: AddressRange): boolean {
  return last - first + 1n >= 1n << BigInt(BITS[family] - 8);
}

/** Equal ranges have equal keys. */
export function rangeKey({ family, first, last }: AddressRange): string {
  return `ip${family}:${first.toString(36)}-${last.toString(36)}`;
}

/** Finds, among many ranges, those that contain a given one. */
export interface RangeIndex<Item> {
  readonly containing: (range: AddressRange) => readonly Item[];
  /** The range split where the ranges begin and end; the whole range when it would be more than `most` pieces. */
  readonly pieces: (range: AddressRange, most: number) => readonly AddressRange[];
}

export function createRangeIndex<Item extends { readonly range: AddressRange }>(
  items: readonly Item[],
): RangeIndex<Item> {
  const byFamily = new Map<AddressRange['family'], Item[]>();
  for (const item of items) append(byFamily, item.range.family, item);
  const families = new Map([...byFamily].map(([family, own]) => [family, createFamilyIndex(own)]));
  return {
    containing: (range) => families.get(range.family)?.containing(range) ?? [],
    pieces: (range, most) => families.get(range.family)?.pieces(range, most) ?? [range],
  };
}

function createFamilyIndex<Item extends { readonly range: AddressRange }>(items: readonly Item[]): RangeIndex<Item> {
  const sorted = [...items].sort((a, b) => compare(a.range.first, b.range.first));
  let furthest = -1n;
  /** For each item the last address of it and all items before it. */
  const reach = sorted.map(({ range }) => (furthest = range.last > furthest ? range.last : furthest));
  /** Addresses at which a range begins, or that follow the end of one. */
  const edges = [...new Set(items.flatMap(({ range }) => [range.first, range.last + 1n]))].sort(compare);
  return {
    containing({ first, last }) {
      const found: Item[] = [];
      const begin = countWhile(sorted, ({ range }) => range.first <= first) - 1;
      for (let at = begin; at >= 0 && (reach[at] ?? -1n) >= last; at -= 1) {
        const item = sorted[at];
        if (item !== undefined && item.range.last >= last) found.push(item);
      }
      return found;
    },
    pieces(range, most) {
      const { family, first, last } = range;
      const begin = countWhile(edges, (edge) => edge <= first);
      const end = countWhile(edges, (edge) => edge <= last);
      if (end - begin >= most) return [range];
      const inside = edges.slice(begin, end);
      return [first, ...inside].map((start, at) => ({ family, first: start, last: (inside[at] ?? last + 1n) - 1n }));
    },
  };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
