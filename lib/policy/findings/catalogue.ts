import type { Severity } from '../../contract/audit-event';
import type { PolicyChange } from '../compare/policy-change';
import { ACCESS_FINDINGS } from './access';
import { ALIAS_FINDINGS } from './aliases';
import { CAPABILITY_FINDINGS } from './capabilities';
import { DEVICE_FINDINGS } from './devices';
import { FILE_FINDINGS } from './file';
import type { Evidence, FindingRule } from './finding';
import { GATE_FINDINGS } from './gates';
import { GROUP_FINDINGS } from './groups';
import { OWNERSHIP_FINDINGS } from './ownership';
import { SSH_FINDINGS } from './ssh';

/** Something that a change brought in and that a security engineer wants to know. */
export interface Finding extends Evidence {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  /** Always true: what was there before is counted, not listed. */
  readonly isNew: true;
}

/** Findings of the new side that were there before. */
export interface StandingFindings {
  readonly id: string;
  readonly severity: Severity;
  readonly count: number;
}

/** Every finding there is, but for a side that does not parse. */
export const CATALOGUE: readonly FindingRule[] = [
  ...ACCESS_FINDINGS,
  ...CAPABILITY_FINDINGS,
  ...GATE_FINDINGS,
  ...SSH_FINDINGS,
  ...OWNERSHIP_FINDINGS,
  ...DEVICE_FINDINGS,
  ...GROUP_FINDINGS,
  ...ALIAS_FINDINGS,
  ...FILE_FINDINGS,
];

const RANK: Readonly<Record<Severity, number>> = { high: 0, medium: 1, info: 2 };

/** The gravest first, then by line. */
export function findingsOf(change: PolicyChange): readonly Finding[] {
  return CATALOGUE.flatMap(({ id, severity, title, when }) =>
    when(change).map((evidence): Finding => ({ id, severity, title, ...evidence, isNew: true })),
  ).sort((a, b) => RANK[a.severity] - RANK[b.severity] || (a.line ?? 0) - (b.line ?? 0));
}

/**
 * How often each finding stands in the new side without being new.
 *
 * @param whole The new side as a change from nothing.
 */
export function standingFindings(whole: PolicyChange, fresh: readonly Finding[]): readonly StandingFindings[] {
  return CATALOGUE.filter(({ standing }) => standing).flatMap(({ id, severity, when }) => {
    const count = when(whole).length - fresh.filter((finding) => finding.id === id).length;
    return count > 0 ? [{ id, severity, count }] : [];
  });
}
