/** Control, format and zero-width characters, line and paragraph separators, unpaired surrogates; not tab and line feed. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** UTF-16 units of a line, unless the caller asks for fewer. */
const MAX_LINE = 2_000;

/** UTF-16 units of a name within a line: a device, a tailnet, a connector. */
export const MAX_NAME = 100;

/**
 * Escapes (as `\u202e`) every character that controls a terminal, is invisible or reorders text. JSON keeps its meaning,
 * because there these characters occur only within strings.
 */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escaped);
}

/** The same on one line (tab and line feed escaped too), at most `max` UTF-16 units long; a cut text ends in `…`. */
export function visibleLine(text: string, max: number = MAX_LINE): string {
  // Cut first, because the text may be megabytes long.
  const line = visible(text.slice(0, max + 1)).replaceAll(/[\t\n]/g, escaped);
  return line.length <= max ? line : `${line.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
