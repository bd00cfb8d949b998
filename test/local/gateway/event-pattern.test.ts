import fc from 'fast-check';
import { parseEventPattern } from '../../../local/gateway/event-pattern';
import { InvalidEventPattern } from '../../../local/gateway/value-match';

/** Holds `[...alternatives]` against one value of one field. */
const matches = (alternative: unknown, value: unknown) => parseEventPattern({ field: [alternative] })({ field: value });

describe('one alternative against one value', () => {
  it.each<[alternative: unknown, value: unknown, expected: boolean]>([
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', 'ab', false],
    ['', '', true],
    ['', null, false],
    [null, null, true],
    [null, 'null', false],
    [true, true, true],
    [true, 'true', false],
    [false, null, false],
    [300, 300, true],
    [300, 3.0e2, true],
    [300, '300', false],
    [{ 'anything-but': 'a' }, 'b', true],
    [{ 'anything-but': 'a' }, 'a', false],
    [{ 'anything-but': 'a' }, 5, true],
    [{ 'anything-but': 5 }, 5, false],
    [{ 'anything-but': ['a', 'b'] }, 'b', false],
    [{ 'anything-but': ['a', 'b'] }, 'c', true],
    [{ 'anything-but': [1, 2] }, 2, false],
    [{ 'anything-but': [1, 2] }, 3, true],
    [{ exists: true }, null, true],
    [{ exists: true }, '', true],
    [{ exists: false }, null, false],
  ])('%j against %j: %s', (alternative, value, expected) => {
    expect(matches(alternative, value)).toBe(expected);
  });
});

describe('whole patterns', () => {
  const event = {
    source: 'tailscale',
    'detail-type': 'Tailscale Audit Event',
    resources: ['arn:a', 'arn:b'],
    detail: {
      severity: 'high',
      actor: { type: 'USER', tags: [] },
      target: null,
      findings: [
        { rule: 'wildcard', lines: [1, 2] },
        { rule: 'ssh', open: true, lines: [[3]] },
      ],
    },
  };
  it.each<[title: string, pattern: unknown, expected: boolean]>([
    ['all names match', { source: ['tailscale'], detail: { severity: ['high'] } }, true],
    ['one name does not', { source: ['tailscale'], detail: { severity: ['info'] } }, false],
    ['one alternative does', { detail: { severity: ['medium', { 'anything-but': 'info' }] } }, true],
    ['an array has one of the values', { resources: ['arn:x', 'arn:b'] }, true],
    ['an array has none', { resources: ['arn:x'] }, false],
    ['an array has something else', { resources: [{ 'anything-but': 'arn:a' }] }, true],
    ['a name is not there', { detail: { nothing: ['a'] } }, false],
    ['anything-but wants the name to be there', { detail: { nothing: [{ 'anything-but': 'a' }] } }, false],
    ['exists on a present field', { detail: { severity: [{ exists: true }] } }, true],
    ['exists on a missing field', { detail: { nothing: [{ exists: true }] } }, false],
    ['absent is absent', { detail: { nothing: [{ exists: false }] } }, true],
    ['absent below what is absent', { detail: { nothing: { deep: [{ exists: false }] } } }, true],
    ['not absent', { detail: { severity: [{ exists: false }] } }, false],
    ['absent or a value', { detail: { severity: [{ exists: false }, 'high'] } }, true],
    ['an object is no leaf', { detail: { actor: [{ exists: true }] } }, false],
    ['an object counts as absent', { detail: { actor: [{ exists: false }] } }, true],
    ['an empty array counts as absent', { detail: { actor: { tags: [{ exists: false }] } } }, true],
    ['a null is there', { detail: { target: [null] } }, true],
    ['what is missing is not null', { detail: { nothing: [null] } }, false],
    ['below a null there is nothing', { detail: { target: { id: [{ exists: false }] } } }, true],
    ['below a text there is nothing', { detail: { severity: { length: [4] } } }, false],
    ['inside an array of objects', { detail: { findings: { rule: ['ssh'] } } }, true],
    ['inside arrays of arrays', { detail: { findings: { lines: [3] } } }, true],
    ['two names of one element', { detail: { findings: { rule: ['ssh'], open: [true] } } }, true],
    ['two names of two elements', { detail: { findings: { rule: ['wildcard'], open: [true] } } }, false],
    ['absent in one element only', { detail: { findings: { open: [{ exists: false }] } } }, false],
    ['inherited names are absent', { detail: { constructor: [{ exists: true }] } }, false],
    ['$or, the second', { $or: [{ source: ['x'] }, { detail: { severity: ['high'] } }] }, true],
    ['$or, none', { $or: [{ source: ['x'] }, { source: ['y'] }] }, false],
    ['$or and a name', { $or: [{ source: ['x'] }, { source: ['tailscale'] }], detail: { severity: ['info'] } }, false],
    ['$or inside', { detail: { $or: [{ severity: ['info'] }, { actor: { type: ['USER'] } }] } }, true],
    ['$or as a name like any other', { detail: { $or: { severity: ['high'] } } }, false],
  ])('%s', (_, pattern, expected) => {
    expect(parseEventPattern(pattern)(event)).toBe(expected);
  });
});

it.each<unknown>([
  null,
  'text',
  [],
  {},
  { a: {} },
  { a: [] },
  { a: 'b' },
  { a: 1 },
  { a: null },
  { a: [['b']] },
  { a: [{}] },
  { a: [{ unknown: 1 }] },
  { a: [{ prefix: 'b' }] },
  { a: [{ 'anything-but': 'b', exists: true }] },
  { a: [{ 'anything-but': [] }] },
  { a: [{ 'anything-but': ['a', 1] }] },
  { a: [{ 'anything-but': null }] },
  { a: [{ 'anything-but': [true] }] },
  { a: [{ 'anything-but': { numeric: ['=', 1] } }] },
  { a: [{ exists: 'yes' }] },
  { a: [{ exists: true, prefix: 'b' }] },
  { $or: [{ a: ['b'] }] },
  { $or: [{ a: ['b'] }, { prefix: ['b'] }] },
])('refuses the pattern %j', (pattern) => {
  expect(() => parseEventPattern(pattern)).toThrow(InvalidEventPattern);
});

it('an event always matches the pattern made of its values', () => {
  const leaf = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.integer(), fc.boolean(), fc.constant(null));
  const { event } = fc.letrec<{ event: Record<string, unknown>; value: unknown }>((tie) => ({
    event: fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('value'), {
      minKeys: 1,
      maxKeys: 3,
      depthIdentifier: 'event',
    }),
    value: fc.oneof(
      { depthIdentifier: 'event', maxDepth: 3 },
      leaf,
      fc.array(leaf, { minLength: 1, maxLength: 3 }),
      tie('event'),
    ),
  }));
  const patternOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value;
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, inner]: [string, unknown]) => [name, patternOf(inner)]))
      : [value];
  };
  fc.assert(fc.property(event, (one) => parseEventPattern(patternOf(one))(one)));
});
