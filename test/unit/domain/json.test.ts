import fc from 'fast-check';
import { canonicalJson, isDeeperThan, setField } from '../../../lib/domain/json';

it('writes JSON with sorted keys and no spaces', () => {
  expect(canonicalJson({ b: [1, 'x', null, true], a: { d: {}, c: [] } })).toBe(
    '{"a":{"c":[],"d":{}},"b":[1,"x",null,true]}',
  );
});

it('writes what reads back as the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it('writes an own __proto__ key like any other', () => {
  const value: unknown = JSON.parse('{"__proto__":{"a":1},"b":2}');
  expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"b":2}');
});

it('writes half a surrogate pair as an escape, so that two different ones stay different', () => {
  expect(canonicalJson('\ud800')).toBe('"\\ud800"');
  expect(canonicalJson('\udc00')).not.toBe(canonicalJson('\ud800'));
});

it('writes a value nested deeper than the stack goes', () => {
  const depth = 200_000;
  const text = '['.repeat(depth) + ']'.repeat(depth);
  expect(canonicalJson(JSON.parse(text))).toBe(text);
});

it('counts levels of nesting, and stops counting where it is asked to', () => {
  expect([
    isDeeperThan('x', 0),
    isDeeperThan([], 0),
    isDeeperThan([[]], 1),
    isDeeperThan([[]], 2),
    isDeeperThan({ a: { b: 1 } }, 1),
  ]).toEqual([false, true, true, false, true]);
  expect(isDeeperThan(JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)), 900)).toBe(true);
});

it('sets an own field called __proto__ without touching the prototype', () => {
  const object: Record<string, unknown> = {};
  setField(object, '__proto__', { polluted: true });
  expect(JSON.stringify(object)).toBe('{"__proto__":{"polluted":true}}');
  expect('polluted' in object).toBe(false);
});
