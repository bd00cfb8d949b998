import { affectedRules, type AffectedRule } from './report/affected-rules';
import { boundSections, firstEntries, type Cut } from './report/bounds';
import { changeKind, type ChangeKind } from './compare/change-kind';
import { findingsOf, standingFindings, type Finding, type StandingFindings } from './findings/catalogue';
import { PARSE_ERROR } from './findings/file';
import type { HujsonError } from './parse/hujson';
import { policyText, readPolicy, type Policy } from './parse/policy';
import { fromNothing, readChange } from './compare/policy-change';
import { semanticDiff, type SectionDiff } from './compare/semantic-diff';
import { summarize } from './report/summary';
import { diffPolicyText, type UnifiedDiff } from './compare/unified-diff';

/** What a change of the policy file did. Plain JSON, bounded in size; what is left out is in `cuts`. */
export interface PolicyDiffResult extends UnifiedDiff {
  readonly changeKind: ChangeKind;
  readonly sections: readonly SectionDiff[];
  /** Only what the change brought in, the gravest first. */
  readonly findings: readonly Finding[];
  /** Counts of what was there before and still is. */
  readonly standing: readonly StandingFindings[];
  readonly affectedRules: readonly AffectedRule[];
  /** One line for people. */
  readonly summary: string;
  /** Lists of this result that are not whole, and comparisons that were given up. */
  readonly cuts: readonly Cut[];
  /** Present when a side could not be read: then there is the line diff and nothing else to go by. */
  readonly parseError?: PolicyParseError;
}

export interface PolicyParseError extends HujsonError {
  /** Of both, the place is the new side's. */
  readonly side: 'old' | 'new' | 'both';
}

/**
 * Compares two policy files. Pure, and total: whatever comes in gives a result.
 *
 * @param old The file before: HuJSON text, or the object it stands for; null, undefined or "" before the first write.
 * @param next The file after, likewise.
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
    ? { error: { message: 'a policy is text or a plain JSON object', line: 1, column: 1 } }
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
  const findings =
    newError !== undefined && !isSame
      ? [
          {
            ...PARSE_ERROR,
            section: '',
            path: '',
            line: newError.line,
            evidence: newError.message,
            isNew: true as const,
          },
        ]
      : [];
  const summary = `${side === 'both' ? 'neither side' : `the ${side} side`} ${side === 'both' ? 'parses' : 'does not parse'} (line ${error.line}: ${error.message})`;
  return {
    ...lines,
    changeKind: isSame ? 'cosmetic' : 'unknown',
    sections: [],
    findings,
    standing: [],
    affectedRules: [],
    summary,
    cuts: [],
    parseError: { side, ...error },
  };
}
