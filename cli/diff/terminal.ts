import type { Colors } from 'picocolors/types';
import { visibleLine } from '../../lib/contract/visible';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';
import { affectedTexts, changedSections, cutTexts, findingPlace, MEANING, preExistingText } from './words';

const PAINT = { high: 'red', medium: 'yellow', info: 'dim' } as const;
const KIND_PAINT = {
  cosmetic: 'green',
  narrowed: 'green',
  widened: 'yellow',
  mixed: 'yellow',
  unknown: 'yellow',
} as const;
const SIGN_PAINT = { '+': 'green', '-': 'red', '~': 'cyan' } as const;

/** The result for a terminal: summary, findings, changes by section, line diff. */
export function terminalText(result: PolicyDiffResult, pc: Colors): string {
  const { changeKind, summary, unified, addedLines, removedLines } = result;
  return [
    `${pc.bold(pc[KIND_PAINT[changeKind]](changeKind))} (${MEANING[changeKind]}): ${visibleLine(summary)}`,
    ...block(pc.bold('Findings'), findings(result, pc)),
    ...block(pc.bold('Changes'), changes(result, pc)),
    ...block(pc.bold('Rules with changed names'), affectedTexts(result)),
    ...block(pc.bold('Incomplete'), cutTexts(result)),
    ...(unified === ''
      ? []
      : [
          '',
          pc.bold(`Lines (+${addedLines} -${removedLines})`),
          ...unified
            .trimEnd()
            .split('\n')
            .map((line) => paintLine(line, pc)),
        ]),
    '',
  ].join('\n');
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function findings(result: PolicyDiffResult, pc: Colors): string[] {
  const preExisting = preExistingText(result);
  return [
    ...result.findings.flatMap((finding) => [
      `${pc[PAINT[finding.severity]](finding.severity.toUpperCase().padEnd(6))}  ${pc.bold(finding.id)}  ${finding.title}`,
      `        ${findingPlace(finding)}: ${visibleLine(finding.evidence)}`,
    ]),
    ...(preExisting === '' ? [] : [pc.dim(`Pre-existing: ${preExisting}`)]),
  ];
}

function changes(result: PolicyDiffResult, pc: Colors): string[] {
  return changedSections(result).flatMap(({ section, note, changes: all }) => [
    note === '' ? section : `${section} (${note})`,
    ...all.map(
      ({ sign, name, where, what }) => `  ${pc[SIGN_PAINT[sign]](sign)} ${name} ${pc.dim(`(${where})`)}: ${what}`,
    ),
  ]);
}

function paintLine(text: string, pc: Colors): string {
  const line = visibleLine(text.replaceAll('\t', '    '));
  if (line.startsWith('@@')) return pc.cyan(line);
  if (line.startsWith('+')) return pc.green(line);
  return line.startsWith('-') ? pc.red(line) : pc.dim(line);
}
