import { affectedRules, type AffectedRule } from './report/affected-rules';
import { boundSections, firstEntries, type Cut } from './report/bounds';
import { changeKind, type ChangeKind } from './compare/change-kind';
import { findingsOf, standingFindings, type Finding, type StandingFindings } from './findings/catalogue';
import { PARSE_ERROR } from './findings/file';
import { sectionEvidence } from './findings/finding';
import type { HujsonError } from './parse/hujson';
import { policyText, readPolicy, type Policy } from './parse/policy';
import { fromNothing, readChange } from './compare/policy-change';
import { semanticDiff, type SectionDiff } from './compare/semantic-diff';
import { summarize } from './report/summary';
import { diffPolicyText, type UnifiedDiff } from './compare/unified-diff';

/** What a change of the policy file does. Plain JSON of bounded size; `cuts` lists what is left out. */
export interface PolicyDiffResult extends UnifiedDiff {
  readonly changeKind: ChangeKind;
  readonly sections: readonly SectionDiff[];
  /** Findings that the change introduces, the most severe first. */
  readonly findings: readonly Finding[];
  /** Counts of pre-existing findings. */
  readonly standing: readonly StandingFindings[];
  readonly affectedRules: readonly AffectedRule[];
  /** One line for people. */
  readonly summary: string;
  /** Lists of this result that are incomplete, and comparisons that stopped early. */
  readonly cuts: readonly Cut[];
  /** Present when a side does not parse; then only the line diff has content. */
  readonly parseError?: PolicyParseError;
}

export interface PolicyParseError extends HujsonError {
  /** For `both`, line and column are those of the new side. */
  readonly side: 'old' | 'new' | 'both';
}

/**
 * Compares two policy files. Never throws.
 *
 * @param old The file before: HuJSON text, or the parsed object; null, undefined or "" before the first write.
 * @param next The file after, in the same forms.
 */
export function diffPolicy(old: unknown, next: unknown): PolicyDiffResult {
  const [oldText, newText] = [policyText(old), policyText(next)];
  const lines = diffPolicyText(oldText ?? '', newText ?? '');
  const [before, after] = [readSide(oldText), readSide(newText)];
  if ('error' in before || 'error' in after)
    return unreadable(lines, before, after, oldText !== undefined && oldText === newText);
  return { ...lines, ...compare(before, after, oldText === newText) };
}

type SideResult = Policy | { readonly error: HujsonError };

function readSide(text: string | undefined): SideResult {
  return text === undefined
    ? { error: { message: 'a policy must be text or a plain JSON object', line: 1, column: 1 } }
    : readPolicy(text);
}

function compare(old: Policy, next: Policy, isSameText: boolean): Omit<PolicyDiffResult, keyof UnifiedDiff> {
  const cuts: Cut[] = [];
  const sections = semanticDiff(old, next);
  const change = readChange(old, next);
  const found = findingsOf(change);
  const kind = changeKind(change, sections);
  const whole = old.present ? fromNothing(change) : undefined;
  const standing = whole === undefined ? [] : standingFindings(whole, found);
  if (change.budget.isSpent()) cuts.push({ path: 'findings', shown: found.length, total: found.length + 1 });
  if (whole?.budget.isSpent() === true)
    cuts.push({ path: 'standing', shown: standing.length, total: standing.length + 1 });
  return {
    changeKind: kind,
    sections: boundSections(sections, cuts),
    findings: firstEntries(found, 'findings', cuts),
    standing,
    affectedRules: firstEntries(affectedRules(change.old, change.next), 'affectedRules', cuts),
    summary: summarize(sections, found, isSameText),
    cuts,
  };
}

function unreadable(lines: UnifiedDiff, before: SideResult, after: SideResult, isSame: boolean): PolicyDiffResult {
  const [oldError, newError] = [before, after].map((side) => ('error' in side ? side.error : undefined));
  const error = newError ?? oldError ?? { message: '', line: 1, column: 1 };
  const side = newError === undefined ? 'old' : oldError === undefined ? 'new' : 'both';
  const finding = { ...PARSE_ERROR, ...sectionEvidence('', error.message, error.line), isNew: true } as const;
  return {
    ...lines,
    changeKind: isSame ? 'cosmetic' : 'unknown',
    sections: [],
    findings: newError === undefined || isSame ? [] : [finding],
    standing: [],
    affectedRules: [],
    summary: `${side === 'both' ? 'neither side parses' : `the ${side} side does not parse`} (line ${error.line}: ${error.message})`,
    cuts: [],
    parseError: { side, ...error },
  };
}
