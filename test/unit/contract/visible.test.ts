import { visible, visibleLine } from '../../../lib/contract/visible';

it.each([
  ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
  ['a link', '\u001b]8;;http://x.test\u0007here', '\\u001b]8;;http://x.test\\u0007here'],
  ['a C1 control character', '\u009b31m', '\\u009b31m'],
  ['a carriage return', 'a\rb', 'a\\u000db'],
  ['NUL, backspace and DEL', '\u0000\b\u007f', '\\u0000\\u0008\\u007f'],
  ['what turns the direction of writing', 'a\u202eb\u2066c\u061cd', 'a\\u202eb\\u2066c\\u061cd'],
  ['what has no width', 'a\u200bb\ufeffc\u00add\u180ee', 'a\\u200bb\\ufeffc\\u00add\\u180ee'],
  ['a name that looks empty', '\u3164\u115f\ufe0f', '\\u3164\\u115f\\ufe0f'],
  ['tags', '\u{e0041}', '\\udb40\\udc41'],
  ['other ends of a line', 'a\u2028b\u2029c\u0085d', 'a\\u2028b\\u2029c\\u0085d'],
  ['half a surrogate pair', 'a\ud83d', 'a\\ud83d'],
])('writes out %s', (_, text, shown) => {
  expect([visible(text), visibleLine(text)]).toEqual([shown, shown]);
});

it('leaves every other script unchanged', () => {
  const text = 'Zoë Ångström, 日本語, שלום, 😀, C:\\users';
  expect([visible(text), visibleLine(text)]).toEqual([text, text]);
});

it('keeps lines and tabs of a text, and none of a line', () => {
  expect([visible('a\n\tb'), visibleLine('a\n\tb')]).toEqual(['a\n\tb', 'a\\u000a\\u0009b']);
});

it('keeps the meaning of JSON', () => {
  const value = { 'a\u202e': ['\\\u200b', '\u009b', '\\u202e', '\u{e0041}'] };
  const text = visible(JSON.stringify(value));
  expect(text).toMatch(/^[ -~]*$/);
  expect(JSON.parse(text)).toEqual(value);
});

it('bounds a line by what is shown, and never splits a character', () => {
  expect(visibleLine('x'.repeat(10), 10)).toBe('x'.repeat(10));
  expect(visibleLine('x'.repeat(11), 10)).toBe(`${'x'.repeat(9)}…`);
  expect(visibleLine('\u001b'.repeat(1e6), 50)).toHaveLength(50);
  for (let max = 2; max < 12; max += 1) expect(visibleLine('😀'.repeat(20), max)).toMatch(/^(?:😀)*…$/u);
});
