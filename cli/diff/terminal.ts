import pc from 'picocolors';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';
import { visible, visibleLine } from './visible';
import { affectedInWords, changedSections, cutsInWords, findingPlace, MEANING, standingInWords } from './words';

const PAINT = { high: pc.red, medium: pc.yellow, info: pc.dim } as const;
const KIND_PAINT = { cosmetic: pc.green, narrowed: pc.green, widened: pc.yellow, mixed: pc.yellow, unknown: pc.yellow } as const;
const SIGN_PAINT = { '+': pc.green, '-': pc.red, '~': pc.cyan } as const;

/** The result for people: what it comes to, findings, changes in words, then the line diff. */
export function terminalText(result: PolicyDiffResult): string {
  const { changeKind, summary, unified, addedLines, removedLines } = result;
  return [
    `${pc.bold(KIND_PAINT[changeKind](changeKind))} (${MEANING[changeKind]}): ${visibleLine(summary)}`,
    ...block('Findings', findings(result)),
    ...block('Changes', changes(result)),
    ...block('Rules that name what changed', affectedInWords(result)),
    ...block('Not shown whole', cutsInWords(result)),
    ...(unified === '' ? [] : ['', pc.bold(`Lines (+${addedLines} -${removedLines})`), ...visible(unified).trimEnd().split('\n').map(paintLine)]),
    '',
  ].join('\n');
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', pc.bold(title), ...lines.map((line) => `  ${line}`)];
}

function findings(result: PolicyDiffResult): string[] {
  const standing = standingInWords(result);
  return [
    ...result.findings.flatMap((finding) => [
      `${PAINT[finding.severity](finding.severity.toUpperCase().padEnd(6))}  ${pc.bold(finding.id)}  ${finding.title}`,
      `        ${findingPlace(finding)}: ${visibleLine(finding.evidence)}`,
    ]),
    ...(standing === '' ? [] : [pc.dim(`There before, and still there: ${standing}`)]),
  ];
}

function changes(result: PolicyDiffResult): string[] {
  return changedSections(result).flatMap(({ section, note, changes: all }) => [
    note === '' ? section : `${section} (${note})`,
    ...all.map(({ sign, name, where, what }) => `  ${SIGN_PAINT[sign](sign)} ${name} ${pc.dim(`(${where})`)}: ${what}`),
  ]);
}

function paintLine(line: string): string {
  if (line.startsWith('@@')) return pc.cyan(line);
  if (line.startsWith('+')) return pc.green(line);
  return line.startsWith('-') ? pc.red(line) : pc.dim(line);
}
