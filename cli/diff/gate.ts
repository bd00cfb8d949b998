import type { Severity } from '../../lib/contract/audit-event';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';

/** What `--fail-on` takes: the least grave finding that fails, or `never`. */
export const THRESHOLDS = ['high', 'medium', 'info', 'never'] as const satisfies readonly (Severity | 'never')[];
export type Threshold = (typeof THRESHOLDS)[number];

/** The exit code. 1: it cannot be told. 3: a finding is as grave as the threshold or graver. */
export type Verdict =
  { readonly exitCode: 0 } | { readonly exitCode: 1 | 3; /** And what to do. */ readonly reason: string };

/** Whether the change may pass. What could not be compared does not pass a gate, whatever its threshold. */
export function judge(result: PolicyDiffResult, threshold: Threshold): Verdict {
  if (threshold === 'never') return { exitCode: 0 };
  const failing = result.findings.filter(
    ({ severity }) => THRESHOLDS.indexOf(severity) <= THRESHOLDS.indexOf(threshold),
  );
  if (failing.length > 0)
    return {
      exitCode: 3,
      reason: `${failing.length} new finding${failing.length === 1 ? '' : 's'} at or above ${threshold}: ${[...new Set(failing.map(({ id }) => id))].join(', ')}`,
    };
  if (result.parseError !== undefined && result.unified !== '')
    return { exitCode: 1, reason: `nothing can be said about the change: ${result.summary}; mend that file first` };
  if (isGivenUp(result))
    return {
      exitCode: 1,
      reason:
        'the files are too large to be compared whole, so there may be findings that are not listed: have a person look at the change',
    };
  return { exitCode: 0 };
}

/** The comparison ran out of steps: it says so as one finding more than it found. */
function isGivenUp({ cuts }: PolicyDiffResult): boolean {
  return cuts.some(({ path, shown, total }) => path === 'findings' && total === shown + 1);
}
