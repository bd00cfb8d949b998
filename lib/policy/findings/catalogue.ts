import type { Severity } from '../../contract/audit-event';
import type { PolicyChange } from '../compare/policy-change';
import { ACCESS_FINDINGS } from './access';
import { ALIAS_FINDINGS } from './aliases';
import { DEVICE_FINDINGS } from './devices';
import { FILE_FINDINGS } from './file';
import type { Evidence, FindingRule } from './finding';
import { GATE_FINDINGS } from './gates';
import { GROUP_FINDINGS } from './groups';
import { OWNERSHIP_FINDINGS } from './ownership';
import { SSH_FINDINGS } from './ssh';

/** A risk that a change introduces. */
export interface Finding extends Evidence {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  /** Always true: pre-existing findings are counted, not listed. */
  readonly isNew: true;
}

/** Number of pre-existing findings of one kind on the new side. */
export interface StandingFindings {
  readonly id: string;
  readonly severity: Severity;
  readonly count: number;
}

/** Every finding except `PARSE_ERROR`. */
export const CATALOGUE: readonly FindingRule[] = [
  ...ACCESS_FINDINGS,
  ...GATE_FINDINGS,
  ...SSH_FINDINGS,
  ...OWNERSHIP_FINDINGS,
  ...DEVICE_FINDINGS,
  ...GROUP_FINDINGS,
  ...ALIAS_FINDINGS,
  ...FILE_FINDINGS,
];

const RANK: Readonly<Record<Severity, number>> = { high: 0, medium: 1, info: 2 };

/** The most severe first, then by line. */
export function findingsOf(change: PolicyChange): readonly Finding[] {
  return CATALOGUE.flatMap(({ id, severity, title, when }) =>
    when(change).map((evidence): Finding => ({ id, severity, title, ...evidence, isNew: true })),
  ).sort((a, b) => RANK[a.severity] - RANK[b.severity] || (a.line ?? 0) - (b.line ?? 0));
}

/**
 * Counts pre-existing findings of the new side.
 *
 * @param whole The new side compared with no policy.
 * @param fresh The findings of the change.
 */
export function standingFindings(whole: PolicyChange, fresh: readonly Finding[]): readonly StandingFindings[] {
  return CATALOGUE.filter(({ preExisting }) => preExisting === 'counted').flatMap(({ id, severity, when }) => {
    const count = when(whole).length - fresh.filter((finding) => finding.id === id).length;
    return count > 0 ? [{ id, severity, count }] : [];
  });
}
