import { diffArrays } from 'diff';

/** Maximum lines of `unified`, headers included. */
export const MAX_UNIFIED_LINES = 2_000;
/** Maximum UTF-8 bytes of `unified`: with escaping, sections and findings the event stays under 240 KiB. */
export const MAX_UNIFIED_BYTES = 128 * 1024;
/** Maximum UTF-16 units of one line: a minified policy is one line. */
export const MAX_LINE_LENGTH = 32 * 1024;
/**
 * Maximum inserted plus deleted lines that both sides have, such as moved ones. With more, the changed part is shown as one block replaced
 * by another: the time of the search is quadratic in this. Lines that only one side has do not count.
 */
const MAX_EDIT_LENGTH = 1_000;
/** Maximum lines of both sides together in which the search looks for common lines. */
const MAX_SEARCHED_LINES = 40_000;

const CONTEXT_LINES = 3;
/** Bytes reserved for the line that reports a cut. */
const MARKER_BYTES = 100;

export interface UnifiedDiff {
  /** Unified line diff with 3 lines of context; "" for identical texts. */
  readonly unified: string;
  /** `unified` is incomplete. The counts are those of the complete diff. */
  readonly truncated: boolean;
  readonly addedLines: number;
  readonly removedLines: number;
}

/**
 * Line diff of two policy texts. Never throws.
 *
 * CRLF counts as LF, so that a change of line endings does not change every line; one `\` line reports it instead. An empty old side is a
 * first write. When nothing is cut and all line ends are LF, `unified` is a patch from the old to the new text.
 */
export function diffPolicyText(old: string, next: string): UnifiedDiff {
  if (old === next) return { unified: '', truncated: false, addedLines: 0, removedLines: 0 };
  const before = old.replaceAll('\r\n', '\n');
  const after = next.replaceAll('\r\n', '\n');
  const hunks = before === after ? [] : hunksOf(before, after);
  const head = [
    `--- ${old === '' ? '/dev/null' : 'old'}`,
    `+++ ${next === '' ? '/dev/null' : 'new'}`,
    ...lineEndingNote(old, next, before === after),
  ];
  return {
    ...render(head, hunks),
    addedLines: sum(hunks, (hunk) => hunk.added),
    removedLines: sum(hunks, (hunk) => hunk.removed),
  };
}

interface Hunk {
  /** The head, then lines with sign and without line end. */
  readonly lines: Iterable<string>;
  /** Number of lines without the head. */
  readonly count: number;
  readonly added: number;
  readonly removed: number;
  /** Share of the remaining size that this hunk may use. */
  readonly share: number;
}

function hunksOf(before: string, after: string): readonly Hunk[] {
  const start = commonStart(before, after);
  const { beforeEnd, afterEnd } = commonEnd(before, after, start);
  if (countLines(before, start, beforeEnd) + countLines(after, start, afterEnd) <= MAX_SEARCHED_LINES) {
    const from = linesBack(before, start);
    const oldLines = splitLines(before.slice(from, linesForward(before, beforeEnd)));
    const newLines = splitLines(after.slice(from, linesForward(after, afterEnd)));
    const edits = editsOf(oldLines, newLines);
    const offset = countLines(before, 0, from);
    if (edits !== undefined) return groupsOf(edits).map((group) => hunkOf(oldLines, newLines, group, offset));
  }
  return replacement(before, after, start, beforeEnd, afterEnd);
}

/** Lines of the old side, and the lines of the new side that replace them. */
interface Edit {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
}

/**
 * The edits between two lists of lines; undefined when there are too many. A line that the other side does not have is an edit anyway, so
 * only the others are searched. The search compares each pair of lines many times, so it gets numbers instead of lines.
 */
function editsOf(before: readonly string[], after: readonly string[]): readonly Edit[] | undefined {
  const numbers = new Map<string, number>();
  for (const line of before) if (!numbers.has(line)) numbers.set(line, numbers.size);
  const known = new Set(after);
  const [oldAt, newAt] = [indexesOf(before, (line) => known.has(line)), indexesOf(after, (line) => numbers.has(line))];
  const [oldLines, newLines] = [
    oldAt.map((at) => numbers.get(before[at] ?? '')),
    newAt.map((at) => numbers.get(after[at] ?? '')),
  ];
  const changes = diffArrays(oldLines, newLines, { maxEditLength: MAX_EDIT_LENGTH });
  if (changes === undefined) return undefined;
  const edits: Edit[] = [];
  let [oldStart, newStart, oldDone, newDone] = [0, 0, 0, 0];
  const keep = (oldEnd: number, newEnd: number): void => {
    if (oldEnd > oldStart || newEnd > newStart) edits.push({ oldStart, oldEnd, newStart, newEnd });
    [oldStart, newStart] = [oldEnd + 1, newEnd + 1];
  };
  for (const { added, removed, count } of changes) {
    if (!added && !removed)
      for (let at = 0; at < count; at += 1) keep(oldAt[oldDone + at] ?? 0, newAt[newDone + at] ?? 0);
    if (!added) oldDone += count;
    if (!removed) newDone += count;
  }
  keep(before.length, after.length);
  return edits;
}

function indexesOf<Item>(items: readonly Item[], isWanted: (item: Item) => boolean): readonly number[] {
  return items.flatMap((item, at) => (isWanted(item) ? [at] : []));
}

/** Edits with touching context are one group. */
function groupsOf(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  const groups: Edit[][] = [];
  for (const edit of edits) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (last !== undefined && edit.oldStart - last.oldEnd <= 2 * CONTEXT_LINES) group?.push(edit);
    else groups.push([edit]);
  }
  return groups;
}

function hunkOf(before: readonly string[], after: readonly string[], edits: readonly Edit[], offset: number): Hunk {
  const [first, last] = [edits[0], edits.at(-1)];
  const oldStart = Math.max(0, (first?.oldStart ?? 0) - CONTEXT_LINES);
  const newStart = Math.max(0, (first?.newStart ?? 0) - CONTEXT_LINES);
  const oldEnd = Math.min(before.length, (last?.oldEnd ?? 0) + CONTEXT_LINES);
  const [added, removed] = [
    sum(edits, (edit) => edit.newEnd - edit.newStart),
    sum(edits, (edit) => edit.oldEnd - edit.oldStart),
  ];
  const count = oldEnd - oldStart + added;
  function* lines(): Generator<string> {
    yield hunkHead(oldStart + offset + 1, oldEnd - oldStart, newStart + offset + 1, count - removed);
    let at = oldStart;
    for (const edit of edits) {
      for (; at < edit.oldStart; at += 1) yield* printed(' ', before[at] ?? '');
      for (; at < edit.oldEnd; at += 1) yield* printed('-', before[at] ?? '');
      for (let other = edit.newStart; other < edit.newEnd; other += 1) yield* printed('+', after[other] ?? '');
    }
    for (; at < oldEnd; at += 1) yield* printed(' ', before[at] ?? '');
  }
  return { lines: lines(), count, added, removed, share: 1 };
}

/** Removes all old lines and adds all new lines. Each hunk gets half of the size, because the added lines matter as much. */
function replacement(
  before: string,
  after: string,
  start: number,
  beforeEnd: number,
  afterEnd: number,
): readonly Hunk[] {
  const removed = countLines(before, start, beforeEnd);
  const added = countLines(after, start, afterEnd);
  const line = countLines(before, 0, start) + 1;
  const [oldHead, newHead] = [hunkHead(line, removed, line, 0), hunkHead(line + removed, 0, line, added)];
  const oldLines = blockLines(oldHead, '-', before, start, beforeEnd);
  const newLines = blockLines(newHead, '+', after, start, afterEnd);
  return [
    { lines: oldLines, count: removed, added: 0, removed, share: 0.5 },
    { lines: newLines, count: added, added, removed: 0, share: 1 },
  ].filter((hunk) => hunk.count > 0);
}

function* blockLines(head: string, sign: string, text: string, start: number, end: number): Generator<string> {
  yield head;
  for (let at = start; at < end;) {
    const next = lineEnd(text, at);
    yield* printed(sign, text.slice(at, next));
    at = next;
  }
}

function printed(sign: string, line: string): string[] {
  return line.endsWith('\n') ? [sign + line.slice(0, -1)] : [sign + line, '\\ No newline at end of file'];
}

/** An empty range has the number of the line before it. */
function hunkHead(oldStart: number, oldLines: number, newStart: number, newLines: number): string {
  return `@@ -${oldLines === 0 ? oldStart - 1 : oldStart},${oldLines} +${newLines === 0 ? newStart - 1 : newStart},${newLines} @@`;
}

function render(head: readonly string[], hunks: readonly Hunk[]): { unified: string; truncated: boolean } {
  const out = [...head];
  let bytes = sum(head, (line) => Buffer.byteLength(line) + 1);
  let shortened = false;
  let leftOut = 0;
  let full = false;
  for (const hunk of hunks) {
    const maxLines = out.length + (MAX_UNIFIED_LINES - 1 - out.length) * hunk.share;
    const maxBytes = bytes + (MAX_UNIFIED_BYTES - MARKER_BYTES - bytes) * hunk.share;
    let written = 0;
    for (const whole of full ? [] : hunk.lines) {
      const line = shorten(whole);
      const size = Buffer.byteLength(line) + 1;
      if (out.length >= maxLines || bytes + size > maxBytes) break;
      shortened ||= line !== whole;
      out.push(line);
      bytes += size;
      if (!line.startsWith('@@') && !line.startsWith('\\')) written += 1;
    }
    leftOut += hunk.count - written;
    full ||= written < hunk.count && hunk.share === 1;
  }
  if (leftOut > 0) out.push(`\\ Cut here: ${leftOut} more lines`);
  return { unified: `${out.join('\n')}\n`, truncated: shortened || leftOut > 0 };
}

/** Cuts a long line, never within a surrogate pair. */
function shorten(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  const last = line.charCodeAt(MAX_LINE_LENGTH - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? MAX_LINE_LENGTH - 1 : MAX_LINE_LENGTH;
  return `${line.slice(0, end)} … ${line.length - end} more characters`;
}

function lineEndingNote(old: string, next: string, onlyEndings: boolean): string[] {
  const before = lineEnding(old);
  const after = lineEnding(next);
  if (!onlyEndings && (before === after || before === 'none' || after === 'none')) return [];
  return [`\\ ${onlyEndings ? 'Only line' : 'Line'} endings differ: ${before} before, ${after} after`];
}

function lineEnding(text: string): 'none' | 'LF' | 'CRLF' | 'mixed' {
  const crlf = text.includes('\r\n');
  const lf = /(?:^|[^\r])\n/.test(text);
  if (crlf) return lf ? 'mixed' : 'CRLF';
  return lf ? 'LF' : 'none';
}

/** Index of the first line that differs. */
function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at === 0 ? 0 : a.lastIndexOf('\n', at - 1) + 1;
}

/** In each text the index at which the equal lines at the end begin; never before `start`. */
function commonEnd(a: string, b: string, start: number): { beforeEnd: number; afterEnd: number } {
  const most = Math.min(a.length, b.length) - start;
  let same = 0;
  while (same < most && a.charCodeAt(a.length - 1 - same) === b.charCodeAt(b.length - 1 - same)) same += 1;
  const beforeEnd = lineEnd(a, a.length - same);
  return { beforeEnd, afterEnd: b.length - (a.length - beforeEnd) };
}

function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found === -1 ? text.length : found + 1;
}

function linesBack(text: string, lineStart: number): number {
  let at = lineStart;
  for (let step = 0; step < CONTEXT_LINES && at > 0; step += 1) at = at < 2 ? 0 : text.lastIndexOf('\n', at - 2) + 1;
  return at;
}

function linesForward(text: string, lineStart: number): number {
  let at = lineStart;
  for (let step = 0; step < CONTEXT_LINES; step += 1) at = lineEnd(text, at);
  return at;
}

function splitLines(text: string): string[] {
  // Not with a regular expression: its backtracking stack overflows on a line of megabytes.
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return [...lines.map((line) => `${line}\n`), ...(last === '' ? [] : [last])];
}

function countLines(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at = lineEnd(text, at)) count += 1;
  return count;
}

function sum<Item>(items: readonly Item[], size: (item: Item) => number): number {
  return items.reduce((total, item) => total + size(item), 0);
}
