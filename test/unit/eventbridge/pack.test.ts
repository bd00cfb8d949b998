import fc from 'fast-check';
import { entryBytes, MAX_ENTRIES, MAX_REQUEST_BYTES, packRequests } from '../../../lib/eventbridge/pack';

it('counts UTF-8 bytes, and 14 for the time', () => {
  expect(entryBytes({ Source: 'tailscale', DetailType: 'é', Detail: '{"a":"😀"}' })).toBe(14 + 9 + 2 + 12);
});

it('[case 52] keeps every item, in order, within both limits, with no request that could have taken the next item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 200 }), (sizes) => {
      const requests = packRequests(sizes, (size) => size);
      expect(requests.flat()).toEqual(sizes);
      requests.forEach((request, index) => {
        const bytes = request.reduce((sum, size) => sum + size, 0);
        expect(request.length).toBeLessThanOrEqual(MAX_ENTRIES);
        expect(bytes).toBeLessThan(MAX_REQUEST_BYTES);
        const next = requests[index + 1]?.[0];
        if (next !== undefined) expect(request.length === MAX_ENTRIES || bytes + next >= MAX_REQUEST_BYTES).toBe(true);
      });
    }),
  );
});

it.each([
  [MAX_REQUEST_BYTES - 1, 1],
  [MAX_REQUEST_BYTES, 2],
  [MAX_REQUEST_BYTES + 1, 2],
])('[case 52] puts two items of %i bytes together into %i requests', (total, requests) => {
  expect(packRequests([total - 10, 10], (size) => size)).toHaveLength(requests);
});

it('makes no request of nothing', () => {
  expect(packRequests([], () => 1)).toEqual([]);
});
