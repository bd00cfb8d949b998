import * as fc from 'fast-check';
import { mergePorts, subtractPorts, type PortRange } from '../../../../lib/policy/parse/ports';

const range = fc
  .tuple(fc.constantFrom('', 'tcp', 'udp'), fc.nat(30), fc.nat(30))
  .map(([proto, a, b]): PortRange => ({ proto, from: Math.min(a, b), to: Math.max(a, b) }));
const ranges = fc.array(range, { maxLength: 8 });

const portsOf = (list: readonly PortRange[]): readonly string[] =>
  list.flatMap(({ proto, from, to }) => Array.from({ length: to - from + 1 }, (_, at) => `${proto}:${from + at}`));

it('subtracts the ports of the same protocol and of every protocol, and no others', () => {
  fc.assert(
    fc.property(ranges.map(mergePorts), ranges, (from, taken) => {
      const gone = new Set(portsOf(taken));
      const left = portsOf(from).filter((port) => !gone.has(port) && !gone.has(`:${port.split(':')[1] ?? ''}`));
      expect([...portsOf(subtractPorts(from, taken))].sort()).toEqual([...left].sort());
    }),
    { numRuns: 1_000 },
  );
});
