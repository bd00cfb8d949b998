import { RETENTION_MS } from '../../harness/in-memory-tailnet';
import { isOut, type Expectation, type Expectations } from './expectations';
import type { OracleDeps } from './oracle';
import type { Run } from './run';
import { HOUR, DAY } from '../../../lib/domain/time';

/** How late a record may show up. */
const HORIZON_MS = 7 * DAY;

/** What a seed came to. */
export interface Balance {
  readonly delivered: number;
  readonly quarantined: number;
  readonly lost: number;
  readonly duplicated: number;
}

export interface RestDeps extends OracleDeps {
  readonly expectations: Expectations;
  readonly runs: readonly Run[];
}

/** When nothing is left to come: whether everything that had to be out is. */
export function judgeRest({ expectations, judge, table, connector, plan, runs }: RestDeps): Balance {
  const { installation, gaps, state } = table.of(connector);
  const startFrom = installation?.startFrom ?? 0;

  /** The log was not asked while it still had the record; what shows up behind the overlap is asked for by the next sweep only. */
  const wasMissed = ({ at, visibleFrom }: Expectation) => {
    const delay = visibleFrom - at;
    const isSwept = delay >= plan.overlapMinutes * 60_000;
    const due = visibleFrom + (!isSwept ? 0 : delay < DAY ? HOUR : DAY);
    const first = runs.find(({ startedAt, wasWhole }) => startedAt >= due && wasWhole);
    return at + RETENTION_MS <= (first?.startedAt ?? Infinity);
  };
  const isInGap = ({ at }: Expectation) => [...gaps.values()].some(({ from, until }) => at >= from && at < until);
  const isDue = (one: Expectation) =>
    one.isFinal && one.at >= startFrom && one.visibleFrom - one.at <= HORIZON_MS && !isInGap(one) && !wasMissed(one);

  const lost = expectations.all.filter((one) => isDue(one) && !isOut(one));
  for (const { key, record, at, visibleFrom } of lost) {
    judge.violated(
      'I1',
      `${key} (${record.kind}, ${record.delay}) of ${new Date(at).toISOString()}, visible since ${new Date(visibleFrom).toISOString()}, never came out`,
    );
  }
  for (const { key, arrivals, isKept, record } of expectations.all) {
    if (arrivals.length > 0 && !record.isParsable && !isKept)
      judge.violated('I1', `${key} could not be read and is not in quarantine`);
  }
  const unfinished =
    state?.checkpoint?.inflight ??
    state?.checkpoint?.sweeps.hourly.inflight ??
    state?.checkpoint?.sweeps.daily.inflight ??
    null;
  if (unfinished !== null) judge.violated('I12', 'a window or a sweep is still under way');
  return {
    delivered: expectations.all.filter(({ arrivals }) => arrivals.length > 0).length,
    quarantined: expectations.all.filter(({ isQuarantined }) => isQuarantined).length,
    lost: lost.length,
    duplicated: expectations.all.reduce((sum, { arrivals }) => sum + Math.max(0, arrivals.length - 1), 0),
  };
}
