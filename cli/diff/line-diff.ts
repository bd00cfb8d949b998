import type { DiffBlock, DiffFile, DiffLine } from 'diff2html/lib/types';
import { LineType } from 'diff2html/lib/types';
import { visible } from '../../lib/contract/visible';

/** A unified diff in the renderer's form, and its notes: line endings, a missing last line feed, a cut. */
export interface LineDiff {
  readonly file: DiffFile;
  readonly notes: readonly string[];
}

/**
 * Reads the `unified` of a result. The renderer's own reader treats a changed line that looks like a file header as one and drops other
 * lines, so a policy could hide lines from the page.
 */
export function readLineDiff(unified: string): LineDiff {
  const blocks: DiffBlock[] = [];
  const notes = new Set<string>();
  let position = { old: 0, next: 0 };
  // The first two lines name the sides.
  for (const line of unified.split('\n').slice(2)) {
    const hunk = /^@@ -(\d+),\d+ \+(\d+),\d+ @@$/.exec(line);
    if (hunk !== null) {
      position = { old: Number(hunk[1]), next: Number(hunk[2]) };
      blocks.push({ header: line, oldStartLine: position.old, newStartLine: position.next, lines: [] });
    } else if (line.startsWith('\\')) notes.add(visible(line.slice(1)).trim());
    else if (line !== '') blocks.at(-1)?.lines.push(readLine(line, position));
  }
  return {
    file: {
      oldName: 'policy',
      newName: 'policy',
      addedLines: 0,
      deletedLines: 0,
      isCombined: false,
      isGitDiff: false,
      language: 'json',
      blocks,
    },
    notes: [...notes],
  };
}

function readLine(line: string, position: { old: number; next: number }): DiffLine {
  const content = visible(line);
  switch (line.charAt(0)) {
    case '+':
      return { type: LineType.INSERT, oldNumber: undefined, newNumber: position.next++, content };
    case '-':
      return { type: LineType.DELETE, oldNumber: position.old++, newNumber: undefined, content };
    default:
      return { type: LineType.CONTEXT, oldNumber: position.old++, newNumber: position.next++, content };
  }
}
