/** Everything that a terminal obeys, hides or reorders: colours, cursor, a link, ends of lines, C0, C1, bidirectional and zero-width characters. */
export const HOSTILE =
  'a\u001b[5m\u001b[2J\u001b]8;;http://x.test\u0007b\u001b]8;;\u0007\r\n\n\t\u0000\b\u007f\u009b31m\u0085\u2028\u2029\u202ec\u2066d\u200be\ufefff\u3164\u{e0041}';

/** The same, and over 1 MB. */
export const HOSTILE_MB = `${HOSTILE}${'x\u001b[5m\r\n\u202e'.repeat(100_000)}`;

/** Colours that our own commands paint with. */
const ESCAPE = '\u001b';
const OWN_COLOURS = new RegExp(`${ESCAPE}\\[(?:1|2|22|3[1-6]|39)m`, 'g');

/** Characters of the printed text that a terminal obeys, hides or reorders, but for line feeds and our own colours, as escapes. */
export function steering(printed: string): string[] {
  const found = printed.replaceAll(OWN_COLOURS, '').match(/[^\P{C}\n]|[\u2028\u2029\u3164]/gu) ?? [];
  return [...new Set(found)].map((character) => `\\u${(character.codePointAt(0) ?? 0).toString(16)}`);
}

export function longestLine(printed: string): number {
  return Math.max(...printed.split('\n').map((line) => line.length));
}
