import * as fc from 'fast-check';
import {
  MAX_DEPTH,
  MAX_DUPLICATES,
  readHujson,
  toJson,
  type Json,
  type JsonNode,
} from '../../../../lib/policy/parse/hujson';
import { decorated, policy, randomness } from '../arbitrary';

function root(text: string): JsonNode {
  const result = readHujson(text);
  if (!result.ok) throw new Error(result.error.message);
  return result.root;
}

function lineOf(text: string, ...path: readonly (string | number)[]): number | undefined {
  return path.reduce<JsonNode | undefined>((node, part) => {
    if (node?.kind === 'object' && typeof part === 'string') return node.members.get(part);
    return node?.kind === 'array' && typeof part === 'number' ? node.items[part] : undefined;
  }, root(text))?.line;
}

describe('HuJSON reader', () => {
  it('accepts and rejects the same JSON as JSON.parse', () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((json) => json.slice(0, -1)),
      fc.json().map((json) => json.replace(/[0-9]/, '-')),
    );
    fc.assert(
      fc.property(text, (json) => {
        let expected: { readonly value: unknown } | undefined;
        try {
          expected = { value: JSON.parse(json) };
        } catch {
          expected = undefined;
        }
        // HuJSON adds only comments and trailing commas.
        fc.pre(expected !== undefined || !/\/[/*]|,\s*[\]}]/.test(json));
        const result = readHujson(json);
        expect(result.ok).toBe(expected !== undefined);
        if (result.ok && !/\d{16}|\d[eE]|-0/.test(json)) expect(toJson(result.root)).toEqual(expected?.value);
      }),
      { numRuns: 500 },
    );
  });

  it('ignores comments, blanks and trailing commas in every position', () => {
    fc.assert(
      fc.property(policy, randomness, (value, random) => {
        expect(JSON.parse(JSON.stringify(toJson(root(decorated(value, random)))))).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('reports the line of each value, after comments and CRLF', () => {
    const text = '// first\r\n{\r\n  /* over\n two */ "a": [1,\n\n{"b": "x // no comment"}],\n}\n';
    expect(lineOf(text)).toBe(2);
    expect(lineOf(text, 'a')).toBe(4);
    expect(lineOf(text, 'a', 1)).toBe(6);
    expect(lineOf(text, 'a', 1, 'b')).toBe(6);
  });

  it('reports a duplicate key and keeps the later value', () => {
    const result = readHujson('{"a": {"x": 1,\n"x": 2}, "list": [{"y": 1, "y": 1}]}');
    expect(result).toMatchObject({
      ok: true,
      duplicates: [
        { key: 'x', path: ['a'], line: 2 },
        { key: 'y', path: ['list', 0], line: 2 },
      ],
    });
    expect(result.ok && toJson(result.root)).toEqual({ a: { x: 2 }, list: [{ y: 1 }] });
  });

  it.each([
    ['an open object', '{"a": 1\n', 2, 1],
    ['an unquoted key', '{\n  a: 1}', 2, 3],
    ['two values', '{} {}', 1, 4],
    ['a lone comma', '[,]', 1, 2],
    ['two commas', '[1,,]', 1, 4],
    ['an open comment', '{} /* x', 1, 4],
    ['a slash', '{ / }', 1, 3],
    ['a newline in a string', '{"a": "b\nc"}', 1, 9],
    ['an invalid escape', '{"a":\n "\\x"}', 2, 2],
    ['single quotes', "{'a': 1}", 1, 2],
    ['a number with a plus', '[+1]', 1, 2],
    ['a leading zero', '[01]', 1, 3],
    ['a missing colon', '{"a" 1}', 1, 6],
    ['only a comment', '// nothing\n', 2, 1],
    ['NUL', '[\0]', 1, 2],
  ])('rejects %s and reports line and column', (_, text, line, column) => {
    expect(readHujson(text)).toMatchObject({ ok: false, error: { line, column } });
  });

  it.each([
    ['arrays', '['],
    ['objects', '{"a":'],
    ['closed arrays', '[]'],
  ])('rejects 100,000 nested %s', (_, open) => {
    const depth = 100_000;
    const text = open === '[]' ? '['.repeat(depth) + ']'.repeat(depth) : open.repeat(depth);
    expect(readHujson(text)).toMatchObject({ ok: false, error: { line: 1 } });
    expect(readHujson('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).ok).toBe(true);
  });

  it('reads __proto__ as an ordinary key', () => {
    const value: Json = toJson(root('{"__proto__": {"polluted": true}, "constructor": 1}'));
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('keeps the digits of numbers that a double cannot represent', () => {
    expect(toJson(root('[9007199254740993, 1e400, 1.5, -0, 12]'))).toEqual(['9007199254740993', '1e400', 1.5, -0, 12]);
  });
});

it('bounds the list of duplicate keys', () => {
  const result = readHujson(`{${'"a": 1, '.repeat(5_000)}}`);
  expect(result.ok && result.duplicates.length).toBe(MAX_DUPLICATES);
});
