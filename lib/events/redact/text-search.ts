/** One entry for each ASCII character, 1 if it belongs to the set. The last entry is for all other characters. */
export type CharacterSet = Uint8Array;

const ASCII = 128;

/** @param characters Matches a single character. */
export function characterSet(characters: RegExp): CharacterSet {
  return Uint8Array.from({ length: ASCII + 1 }, (_, code) =>
    Number(characters.test(code === ASCII ? 'é' : String.fromCharCode(code))),
  );
}

export function has(set: CharacterSet, code: number): boolean {
  return set[code < ASCII ? code : ASCII] === 1;
}

/** Index of the first character from `start` on that is not in the set. A loop: a pattern overflows its stack on megabytes. */
export function endWhile(text: string, start: number, set: CharacterSet, limit = text.length): number {
  let at = start;
  while (at < limit && has(set, text.charCodeAt(at))) at += 1;
  return at;
}

/** Start of the run of the set's characters that ends at `end`; at most `most` characters before it. */
export function startWhile(text: string, end: number, set: CharacterSet, most: number): number {
  const first = Math.max(0, end - most);
  let at = end;
  while (at > first && has(set, text.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** The match of a sticky pattern at an index. */
export function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

/**
 * Finds the next occurrence of a word. With positions that only grow, all calls together read the text once.
 *
 * @returns Its index from the given one on; the text's length if the word does not occur again.
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

/** A part of a text to replace. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What one match of a pattern led to. */
export interface Finding extends Range {
  /** The text before this index needs no further search; `end` if not given. */
  readonly searched?: number;
}

/**
 * The ranges that the matches of a pattern lead to. Time stays linear because a match inside text that was already
 * searched is skipped.
 *
 * @param pattern Global; never matches the empty text.
 * @param find Gets a match, the index after it, and the index up to which the text was searched. An empty range only moves
 *   that index; undefined does not.
 */
export function findRanges<T extends Finding>(
  text: string,
  pattern: RegExp,
  find: (match: RegExpExecArray, start: number, searched: number) => T | undefined,
): T[] {
  const ranges: T[] = [];
  let searched = 0;
  pattern.lastIndex = 0;
  // matchAll would copy the pattern, and most texts have no match.
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const found = match.index < searched ? undefined : find(match, match.index + match[0].length, searched);
    if (found === undefined) continue;
    searched = found.searched ?? found.end;
    if (found.start < found.end) ranges.push(found);
  }
  return ranges;
}

/** The text with each range replaced. Of ranges that overlap, the first counts. */
export function replaceRanges<T extends Range>(
  text: string,
  ranges: readonly T[],
  replacement: (range: T) => string,
): string {
  if (ranges.length === 0) return text;
  const out: string[] = [];
  let copied = 0;
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    if (range.start < copied) continue;
    out.push(text.slice(copied, range.start), replacement(range));
    copied = range.end;
  }
  out.push(text.slice(copied));
  return out.join('');
}
