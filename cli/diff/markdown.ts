import { visible, visibleLine } from '../../lib/contract/visible';
import { clip } from '../../lib/policy/report/clip';
import type { Finding } from '../../lib/policy/findings/catalogue';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';
import { affectedInWords, changedSections, cutsInWords, findingPlace, MEANING, standingInWords } from './words';

/** UTF-16 units. GitHub refuses a comment of more than 65536 characters. */
const MAX_COMMENT_LENGTH = 65_000;
/** Of these, what the list of changes may take; the line diff gets what is left. */
const MAX_CHANGES_LENGTH = 16_000;
/** What stands around the line diff. */
const FOLD_LENGTH = 200;
/** UTF-16 units of one cell. */
const MAX_CELL_LENGTH = 300;
/** Findings in the table; the gravest come first. */
const MAX_ROWS = 50;

/** The result as a comment on a pull request, within the length that GitHub takes. Nothing from the files is read as Markdown or HTML. */
export function markdownText(result: PolicyDiffResult): string {
  const { changeKind, summary } = result;
  const standing = standingInWords(result);
  const top = [
    `### Tailscale policy: ${changeKind} (${MEANING[changeKind]})`,
    code(summary),
    table(result.findings),
    standing === '' ? '' : `There before, and still there: ${code(standing)}`,
    folded('Changes', changeList(result)),
    cutsInWords(result).length === 0
      ? ''
      : `Not shown whole: ${code(clip(cutsInWords(result).join(', '), MAX_CELL_LENGTH))}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  return `${top}${lines(result, MAX_COMMENT_LENGTH - top.length)}\n`;
}

function table(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'No new findings.';
  const rows = findings
    .slice(0, MAX_ROWS)
    .map(
      (finding) =>
        `| ${[finding.severity === 'high' ? '**high**' : finding.severity, finding.id, finding.title, cell(findingPlace(finding)), cell(finding.evidence)].join(' | ')} |`,
    );
  const more = findings.length > MAX_ROWS ? `\n\n${findings.length - MAX_ROWS} more findings are not listed.` : '';
  return `| severity | finding | what it means | where | evidence |\n|---|---|---|---|---|\n${rows.join('\n')}${more}`;
}

function changeLines(result: PolicyDiffResult): string[] {
  const changes = changedSections(result).flatMap(({ section, note, changes: all }) =>
    all.map(
      ({ sign, name, where, what }) =>
        `- ${code(`${sign} ${section}${note === '' ? '' : ` (${note})`} ${name} (${where}): ${what}`)}`,
    ),
  );
  return [...changes, ...affectedInWords(result).map((rule) => `- names what changed: ${code(rule)}`)];
}

/** The first lines that fit, and how many do not. */
function fitting(all: readonly string[], room: number): { readonly text: string; readonly left: number } {
  let used = 0;
  const end = all.findIndex((line) => (used += line.length + 1) > room);
  const shown = end === -1 ? all : all.slice(0, end);
  return { text: shown.join('\n'), left: all.length - shown.length };
}

function changeList(result: PolicyDiffResult): string {
  const { text, left } = fitting(changeLines(result), MAX_CHANGES_LENGTH);
  return left === 0 ? text : `${text}\n- and ${left} more`;
}

function folded(title: string, content: string): string {
  return content === '' ? '' : `<details><summary>${title}</summary>\n\n${content}\n\n</details>`;
}

function lines({ unified, addedLines, removedLines }: PolicyDiffResult, room: number): string {
  if (unified === '') return '';
  const text = visible(unified).trimEnd();
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  const { text: shown, left } = fitting(text.split('\n'), room - 2 * fence.length - FOLD_LENGTH);
  const note = left === 0 ? '' : `\n\n${left} more lines do not fit into a comment.`;
  return `\n\n${folded(`Lines (+${addedLines} -${removedLines})`, `${fence}diff\n${shown}\n${fence}${note}`)}`;
}

/** A code span: nothing in it is read as Markdown, HTML or a mention. */
function code(text: string): string {
  const line = visibleLine(text);
  if (line.trim() === '') return '';
  const fence = '`'.repeat(longestRun(line) + 1);
  return `${fence} ${line} ${fence}`;
}

/** A code span in a table, where a bar ends the cell even within code unless it is escaped. */
function cell(text: string): string {
  return code(clip(visibleLine(text), MAX_CELL_LENGTH)).replaceAll('|', '\\|');
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0);
}
