import fc from 'fast-check';
import { parseEventPattern } from '../../../local/gateway/event-pattern';
import { InvalidEventPattern } from '../../../local/gateway/invalid-event-pattern';

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
    [{ prefix: 'us-' }, 'us-east-1', true],
    [{ prefix: 'us-' }, 'eu-us-1', false],
    [{ prefix: '' }, 'anything', true],
    [{ prefix: '5' }, 55, false],
    [{ prefix: { 'equals-ignore-case': 'EventB' } }, 'eVENTbridge', true],
    [{ prefix: { 'equals-ignore-case': 'EventB' } }, 'even', false],
    [{ suffix: '.png' }, 'a.png', true],
    [{ suffix: '.png' }, 'a.png.txt', false],
    [{ suffix: { 'equals-ignore-case': '.PNG' } }, 'a.png', true],
    [{ 'equals-ignore-case': 'ALICE' }, 'alice', true],
    [{ 'equals-ignore-case': 'ALICE' }, 'alices', false],
    [{ 'anything-but': 'a' }, 'b', true],
    [{ 'anything-but': 'a' }, 'a', false],
    [{ 'anything-but': 'a' }, 5, true],
    [{ 'anything-but': 5 }, 5, false],
    [{ 'anything-but': ['a', 'b'] }, 'b', false],
    [{ 'anything-but': ['a', 'b'] }, 'c', true],
    [{ 'anything-but': [1, 2] }, 2, false],
    [{ 'anything-but': [1, 2] }, 3, true],
    [{ 'anything-but': { prefix: 'us-' } }, 'us-east-1', false],
    [{ 'anything-but': { prefix: 'us-' } }, 'eu-west-1', true],
    [{ 'anything-but': { prefix: ['us-', 'eu-'] } }, 'eu-west-1', false],
    [{ 'anything-but': { suffix: '.png' } }, 'a.png', false],
    [{ 'anything-but': { suffix: ['.png', '.gif'] } }, 'a.txt', true],
    [{ 'anything-but': { 'equals-ignore-case': 'a' } }, 'A', false],
    [{ 'anything-but': { 'equals-ignore-case': ['a', 'b'] } }, 'C', true],
    [{ 'anything-but': { wildcard: '*/lib/*' } }, 'usr/lib/x', false],
    [{ 'anything-but': { wildcard: '*/lib/*' } }, 'usr/bin/x', true],
    [{ numeric: ['=', 5] }, 5, true],
    [{ numeric: ['=', 5] }, '5', false],
    [{ numeric: ['<', 5] }, 5, false],
    [{ numeric: ['<=', 5] }, 5, true],
    [{ numeric: ['>', 5] }, 5, false],
    [{ numeric: ['>=', 5] }, 5, true],
    [{ numeric: ['>', 0, '<=', 5] }, 0, false],
    [{ numeric: ['>', 0, '<=', 5] }, 5, true],
    [{ numeric: ['>', 0, '<=', 5] }, 5.1, false],
    [{ exists: true }, null, true],
    [{ exists: true }, '', true],
    [{ exists: false }, null, false],
    [{ wildcard: '*' }, '', true],
    [{ wildcard: 'dir/*/file' }, 'dir/a/b/file', true],
    [{ wildcard: 'dir/*/file' }, 'dir/file', false],
    [{ wildcard: '*.pn.' }, 'a.png', false],
    [{ wildcard: 'a\\*b' }, 'a*b', true],
    [{ wildcard: 'a\\*b' }, 'axb', false],
    [{ wildcard: 'a\\\\*' }, 'a\\x', true],
    [{ wildcard: 'a\\**' }, 'a*x', true],
    [{ wildcard: 'a*b' }, 'a\n😀b', true],
    [{ cidr: '10.0.0.0/24' }, '10.0.0.255', true],
    [{ cidr: '10.0.0.0/24' }, '10.0.1.0', false],
    [{ cidr: '10.0.0.0/24' }, 'no address', false],
    [{ cidr: '0.0.0.0/0' }, '::1', false],
    [{ cidr: 'fd7a:115c:a1e0::/48' }, 'fd7a:115c:a1e0:ab12::1', true],
    [{ cidr: 'fd7a:115c:a1e0::/48' }, 'fd7a:115c:a1e1::1', false],
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
    ['one alternative does', { detail: { severity: ['medium', { prefix: 'hi' }] } }, true],
    ['an array has one of the values', { resources: ['arn:x', 'arn:b'] }, true],
    ['an array has none', { resources: ['arn:x'] }, false],
    ['an array has something else', { resources: [{ 'anything-but': 'arn:a' }] }, true],
    ['a name is not there', { detail: { nothing: ['a'] } }, false],
    ['anything-but wants the name to be there', { detail: { nothing: [{ 'anything-but': 'a' }] } }, false],
    ['exists on what is there', { detail: { severity: [{ exists: true }] } }, true],
    ['exists on what is not', { detail: { nothing: [{ exists: true }] } }, false],
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
  { a: [{ prefix: 'b', suffix: 'c' }] },
  { a: [{ prefix: 5 }] },
  { a: [{ prefix: { suffix: 'b' } }] },
  { a: [{ suffix: ['b'] }] },
  { a: [{ 'equals-ignore-case': null }] },
  { a: [{ 'anything-but': [] }] },
  { a: [{ 'anything-but': ['a', 1] }] },
  { a: [{ 'anything-but': null }] },
  { a: [{ 'anything-but': [true] }] },
  { a: [{ 'anything-but': { prefix: '' } }] },
  { a: [{ 'anything-but': { numeric: ['=', 1] } }] },
  { a: [{ numeric: 5 }] },
  { a: [{ numeric: [] }] },
  { a: [{ numeric: ['='] }] },
  { a: [{ numeric: ['~', 5] }] },
  { a: [{ numeric: ['=', '5'] }] },
  { a: [{ numeric: ['=', 5e9 + 1] }] },
  { a: [{ numeric: ['<', 5, '>', 0] }] },
  { a: [{ numeric: ['>', 5, '<', 5] }] },
  { a: [{ numeric: ['>', 0, '<'] }] },
  { a: [{ numeric: ['>', 0, '<', 5, '<', 6] }] },
  { a: [{ exists: 'yes' }] },
  { a: [{ exists: true, prefix: 'b' }] },
  { a: [{ wildcard: 'a**b' }] },
  { a: [{ wildcard: 'a\\b' }] },
  { a: [{ wildcard: 'a\\' }] },
  { a: [{ cidr: '10.0.0.1' }] },
  { a: [{ cidr: '10.0.0.0/33' }] },
  { a: [{ cidr: '::/129' }] },
  { a: [{ cidr: '300.0.0.0/8' }] },
  { $or: [{ a: ['b'] }] },
  { $or: [{ a: ['b'] }, { prefix: ['b'] }] },
])('refuses the pattern %j', (pattern) => {
  expect(() => parseEventPattern(pattern)).toThrow(InvalidEventPattern);
});

describe('laws', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });

  it('a text comparison agrees with the language', () => {
    fc.assert(
      fc.property(text, text, text, (before, part, after) => {
        const whole = before + part + after;
        expect(matches({ prefix: part }, whole)).toBe(whole.startsWith(part));
        expect(matches({ suffix: part }, whole)).toBe(whole.endsWith(part));
        expect(matches(part, whole)).toBe(part === whole);
      }),
    );
  });

  it('a wildcard matches what it was made from, with any text in each gap', () => {
    const escaped = (literal: string) => literal.replace(/[\\*]/g, '\\$&');
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            text.filter((literal) => literal !== ''),
            text,
          ),
          { minLength: 1, maxLength: 4 },
        ),
        (pieces) => {
          const wildcard = pieces.map(([literal]) => escaped(literal)).join('*');
          const value = pieces
            .map(([literal, gap], index) => literal + (index < pieces.length - 1 ? gap : ''))
            .join('');
          expect(matches({ wildcard }, value)).toBe(true);
        },
      ),
    );
  });

  it('anything-but is the opposite of its comparison, on one value', () => {
    const comparison = fc.oneof(
      text
        .filter((value) => value !== '')
        .chain((value) => fc.constantFrom({ prefix: value }, { suffix: value }, { 'equals-ignore-case': value })),
      text,
    );
    fc.assert(
      fc.property(comparison, text, (compared, value) => {
        expect(matches({ 'anything-but': compared }, value)).toBe(!matches(compared, value));
      }),
    );
  });

  it('an event always matches the pattern of its own values', () => {
    const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
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
});
