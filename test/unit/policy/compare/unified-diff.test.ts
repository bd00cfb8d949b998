import { applyPatch } from 'diff';
import * as fc from 'fast-check';
import {
  diffPolicyText,
  MAX_LINE_LENGTH,
  MAX_UNIFIED_BYTES,
  MAX_UNIFIED_LINES,
} from '../../../../lib/policy/compare/unified-diff';

const lines = (count: number, text: (line: number) => string): string =>
  Array.from({ length: count }, (_, line) => `${text(line)}\n`).join('');

describe('unified diff of two policy texts', () => {
  it('shows a change with three lines around it', () => {
    const old = lines(20, (line) => `line ${line + 1}`);
    expect(diffPolicyText(old, old.replace('line 10\n', 'line ten\n'))).toEqual({
      unified:
        '--- old\n+++ new\n@@ -7,7 +7,7 @@\n line 7\n line 8\n line 9\n-line 10\n+line ten\n line 11\n line 12\n line 13\n',
      truncated: false,
      addedLines: 1,
      removedLines: 1,
    });
  });

  it('is empty for identical texts', () => {
    expect(diffPolicyText('{}\n', '{}\n')).toEqual({ unified: '', truncated: false, addedLines: 0, removedLines: 0 });
  });

  it('shows a first write as added lines and an emptied file as removed lines', () => {
    expect(diffPolicyText('', 'a\nb\n').unified).toBe('--- /dev/null\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(diffPolicyText('a\nb\n', '').unified).toBe('--- old\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n');
  });

  it('reports in one line that only line endings changed', () => {
    expect(diffPolicyText('a\nb\n', 'a\r\nb\r\n')).toEqual({
      unified: '--- old\n+++ new\n\\ Only line endings differ: LF before, CRLF after\n',
      truncated: false,
      addedLines: 0,
      removedLines: 0,
    });
  });

  it('shows one changed line when all line endings changed too', () => {
    const diff = diffPolicyText('a\nb\nc\n', 'a\r\nB\r\nc\r\n');
    expect(diff).toMatchObject({ addedLines: 1, removedLines: 1 });
    expect(diff.unified).toContain('\\ Line endings differ: LF before, CRLF after\n');
  });

  it('reports a missing newline at the end of a file', () => {
    expect(diffPolicyText('a', 'a\n').unified).toBe(
      '--- old\n+++ new\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n',
    );
  });

  it('is a patch from the old to the new text', () => {
    const text = fc
      .array(fc.constantFrom('a\n', 'b\n', '\n', '  "x": [],\n', '// é\n', 'end'), { maxLength: 30 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (old, next) => {
        const diff = diffPolicyText(old, next);
        expect(diff.truncated).toBe(false);
        expect(old === next ? old : applyPatch(old, diff.unified)).toBe(next);
      }),
      { numRuns: 500 },
    );
  });

  it('stays within its bounds of lines and bytes for any text', () => {
    const text = fc.array(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('\n', '\r\n', '\r', '\ud800', '𝒳')),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(text, text, fc.nat(2_000), (a, b, times) => {
        const { unified } = diffPolicyText(a.join(''), b.join('\n').repeat(times % 50));
        expect(Buffer.byteLength(unified)).toBeLessThanOrEqual(MAX_UNIFIED_BYTES);
        expect(unified.split('\n').length - 1).toBeLessThanOrEqual(MAX_UNIFIED_LINES);
      }),
    );
  });

  it('shows removed and added lines when all lines are replaced and do not fit', () => {
    const diff = diffPolicyText(
      lines(30_000, (line) => `old ${line}`),
      lines(30_000, (line) => `new ${line}`),
    );
    expect(diff).toMatchObject({ truncated: true, addedLines: 30_000, removedLines: 30_000 });
    expect(diff.unified).toContain('\n-old 0\n');
    expect(diff.unified).toContain('\n+new 0\n');
    expect(diff.unified).toMatch(/\n\\ Cut here: \d+ more lines\n$/);
  });

  it('cuts a very long line between characters', () => {
    const diff = diffPolicyText('', `${'x'.repeat(MAX_LINE_LENGTH - 2)}${'𝒳'.repeat(50)}`);
    expect(diff.truncated).toBe(true);
    expect(Buffer.from(diff.unified).toString()).toBe(diff.unified);
  });

  const mebibytes = 5 * 1024 * 1024;
  it.each<[string, () => [string, string]]>([
    ['one character a line', () => ['a\n'.repeat(mebibytes / 2), 'b\n'.repeat(mebibytes / 2)]],
    ['one line', () => ['a'.repeat(mebibytes), 'b'.repeat(mebibytes)]],
    [
      'every second line changed',
      () => [
        lines(90_000, (line) => `"${line}": "${'x'.repeat(40)}"`),
        lines(90_000, (line) => `"${line}": "${(line % 2 === 0 ? 'x' : 'y').repeat(40)}"`),
      ],
    ],
    [
      'long lines that differ at their ends',
      () => [
        lines(5_000, (line) => `${'x'.repeat(1_000)}${line % 7}`),
        lines(5_000, (line) => `${'x'.repeat(1_000)}${line % 6}`),
      ],
    ],
  ])('cuts the diff of two texts of 5 MB: %s', (_, texts) => {
    const [old, next] = texts();
    expect(diffPolicyText(old, next).truncated).toBe(true);
  });

  it('shows thousands of changed lines in place, because lines that only one side has need no search', () => {
    const old = lines(6_000, (line) => `line ${line}`);
    const next = lines(6_000, (line) => `line ${line % 2 === 0 ? line : -line}`);
    expect(diffPolicyText(old, next)).toMatchObject({ addedLines: 3_000, removedLines: 3_000 });
    expect(diffPolicyText(old, next).unified).toContain('\n line 0\n-line 1\n+line -1\n line 2\n');
  });

  it('shows a reversed file as replaced', () => {
    const diff = diffPolicyText(
      lines(5_000, (line) => `line ${line}`),
      lines(5_000, (line) => `line ${5_000 - line}`),
    );
    expect(diff).toMatchObject({ truncated: true, addedLines: 5_000, removedLines: 5_000 });
  });

  it('finds one changed line in 5 MB', () => {
    const old = lines(100_000, (line) => `"line ${line}": "${'x'.repeat(40)}"`);
    expect(diffPolicyText(old, old.replace('"line 70000"', '"line seventy thousand"'))).toMatchObject({
      truncated: false,
      addedLines: 1,
      removedLines: 1,
    });
  });
});
