import { append, countWhile, memoizeByObject } from './collections';

/** Ports of one protocol, both ends included. */
export interface PortRange {
  /** Lower case; "" is every protocol. */
  readonly proto: string;
  readonly from: number;
  readonly to: number;
}

const LAST_PORT = 65_535;
/** Maximum number of ports and ranges in one list; a longer list is not read as ports. Real lists have a handful. */
export const MAX_RANGES = 500;

/** Every port of every protocol. */
export const ALL_PORTS: readonly PortRange[] = [{ proto: '', from: 0, to: LAST_PORT }];

/** Source: IANA protocol numbers. */
const PROTOCOL_NAMES: ReadonlyMap<string, string> = new Map([
  ['1', 'icmp'],
  ['2', 'igmp'],
  ['6', 'tcp'],
  ['17', 'udp'],
  ['47', 'gre'],
  ['50', 'esp'],
  ['58', 'ipv6-icmp'],
  ['132', 'sctp'],
]);

/** The name of a protocol that is given by name or number; "" for every protocol. */
export function protocolName(proto: string): string {
  const name = proto.toLowerCase();
  if (name === '*' || name === 'any') return '';
  return PROTOCOL_NAMES.get(name) ?? name;
}

/** Reads `*`, `443` or `80,443,8000-8100`; undefined when the text is not a valid list of ports. */
export function parsePorts(text: string, proto = ''): readonly PortRange[] | undefined {
  const parts = text.split(',', MAX_RANGES + 1);
  const ranges = parts.flatMap((part) => parsePortRange(part.trim(), proto) ?? []);
  return parts.length > MAX_RANGES || ranges.length < parts.length ? undefined : mergePorts(ranges);
}

function parsePortRange(text: string, proto: string): PortRange | undefined {
  if (text === '*') return { proto, from: 0, to: LAST_PORT };
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (found === null) return undefined;
  const from = Number(found[1]);
  const to = Number(found[2] ?? found[1]);
  if (from > to || to > LAST_PORT) return undefined;
  // Nothing listens on port 0, so 1-65535 is every port.
  return { proto, from: from === 1 && to === LAST_PORT ? 0 : from, to };
}

/** Reads one entry of a grant's `ip`: `*`, `443`, `tcp:443`, `udp:*`, `icmp`. undefined when it is not valid. */
export function parseGrantPorts(text: string): readonly PortRange[] | undefined {
  const colon = text.lastIndexOf(':');
  if (colon !== -1) return parsePorts(text.slice(colon + 1), protocolName(text.slice(0, colon)));
  return parsePorts(text) ?? (/^[a-z][a-z0-9-]*$/i.test(text) ? parsePorts('*', protocolName(text)) : undefined);
}

/** The same ports in the fewest ranges, sorted. */
export function mergePorts(ranges: readonly PortRange[]): readonly PortRange[] {
  const sorted = [...ranges].sort((a, b) => (a.proto < b.proto ? -1 : a.proto > b.proto ? 1 : a.from - b.from));
  const merged: PortRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last?.proto === range.proto && range.from <= last.to + 1)
      merged[merged.length - 1] = { ...last, to: Math.max(last.to, range.to) };
    else merged.push(range);
  }
  return merged;
}

/** The ports of `ranges` that are not in `taken`. */
export function subtractPorts(ranges: readonly PortRange[], taken: readonly PortRange[]): readonly PortRange[] {
  const holes = holesOf(taken);
  return ranges.flatMap((range) => {
    const left = subtractHoles(range, holes.get(''));
    return range.proto === '' ? left : left.flatMap((piece) => subtractHoles(piece, holes.get(range.proto)));
  });
}

/** By protocol, sorted and merged. Cached because the ports of one rule are subtracted from those of many. */
const holesOf = memoizeByObject((ports: readonly PortRange[]): ReadonlyMap<string, readonly PortRange[]> => {
  const holes = new Map<string, PortRange[]>();
  for (const range of mergePorts(ports)) append(holes, range.proto, range);
  return holes;
});

/** Without regard to the protocol. `taken` is sorted and merged. */
function subtractHoles(range: PortRange, taken: readonly PortRange[] = []): readonly PortRange[] {
  const pieces: PortRange[] = [];
  let { from } = range;
  for (let at = countWhile(taken, ({ to }) => to < range.from); from <= range.to; at += 1) {
    const hole = taken[at];
    if (hole === undefined || hole.from > range.to) break;
    if (hole.from > from) pieces.push({ ...range, from, to: hole.from - 1 });
    from = Math.max(from, hole.to + 1);
  }
  if (from === range.from) return [range];
  return from <= range.to ? [...pieces, { ...range, from }] : pieces;
}

/** Whether the ranges contain every TCP port. */
export function isAllPorts(ranges: readonly PortRange[]): boolean {
  return ranges.some(
    (range) => (range.proto === '' || range.proto === 'tcp') && range.from === 0 && range.to === LAST_PORT,
  );
}

/** The TCP ports of a list that are in the ranges. */
export function tcpPortsAmong(ports: readonly number[], ranges: readonly PortRange[]): readonly number[] {
  const tcp = ranges.filter((range) => range.proto === '' || range.proto === 'tcp');
  return ports.filter((port) => tcp.some((range) => range.from <= port && port <= range.to));
}

/** `*`, `443`, `80,443`, `tcp:443`. */
export function formatPorts(ranges: readonly PortRange[]): string {
  return ranges.map(formatRange).join(',');
}

function formatRange({ proto, from, to }: PortRange): string {
  const ports = from === 0 && to === LAST_PORT ? '*' : from === to ? `${from}` : `${from}-${to}`;
  return proto === '' ? ports : `${proto}:${ports}`;
}
