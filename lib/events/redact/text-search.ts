/** Whether a character belongs to a class, by its code; what is not ASCII has the last entry. */
export type CharacterSet = Uint8Array;

const ASCII = 128;

/** @param characters Matches a single character. */
export function characterSet(characters: RegExp): CharacterSet {
  return Uint8Array.from({ length: ASCII + 1 }, (_, code) =>
    Number(characters.test(code === ASCII ? 'é' : String.fromCharCode(code))),
  );
}

/** Index of the first character from `start` on that is not of the set. A loop, because a pattern runs out of its stack on megabytes. */
export function endWhile(text: string, start: number, set: CharacterSet, limit = text.length): number {
  let at = start;
  while (at < limit && has(set, text.charCodeAt(at))) at += 1;
  return at;
}

/** Index of the first character before `end` that belongs to the set with all behind it; at most `most` characters back. */
export function startWhile(text: string, end: number, set: CharacterSet, most: number): number {
  const first = Math.max(0, end - most);
  let at = end;
  while (at > first && has(set, text.charCodeAt(at - 1))) at -= 1;
  return at;
}

export function has(set: CharacterSet, code: number): boolean {
  return set[code < ASCII ? code : ASCII] === 1;
}

/** The match of a sticky pattern at an index. */
export function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

/**
 * Where a word is next. Asked for positions that only grow it reads the text once, however often it is asked.
 *
 * @returns Index from the given one on; the text's length when there is none.
 */
export function createNext(text: string, word: string): (from: number) => number {
  let [asked, found] = [Infinity, -1];
  return (from) => {
    if (from >= asked && from <= found) return found;
    const at = text.indexOf(word, from);
    [asked, found] = [from, at === -1 ? text.length : at];
    return found;
  };
}

/** A part of a text to hide. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The text with each range replaced; where ranges overlap the first counts. */
export function replaceRanges(text: string, ranges: readonly Range[], replacement: () => string): string {
  if (ranges.length === 0) return text;
  const out: string[] = [];
  let copied = 0;
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    if (start < copied) continue;
    out.push(text.slice(copied, start), replacement());
    copied = end;
  }
  out.push(text.slice(copied));
  return out.join('');
}
