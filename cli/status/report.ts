import type { Millis } from '../../lib/domain/time';
import type { ConnectorStatus } from '../../lib/operator/status';
import { format } from '../instant';
import { healthOf, judge, type Expectations, type Health, type Problem } from './health';

/** A connector's status and health at an instant. */
export interface Report {
  readonly connector: string;
  readonly at: Millis;
  readonly status: ConnectorStatus;
  readonly health: Health;
  readonly problems: readonly Problem[];
}

export function report(connector: string, status: ConnectorStatus, at: Millis, expectations: Expectations): Report {
  const problems = judge(status, at, expectations);
  return { connector, at, status, health: healthOf(problems), problems };
}

const time = (instant: Millis | null | undefined): string | null =>
  instant === null || instant === undefined ? null : format(instant);

/** The output of `--json`: times as RFC 3339, ages in seconds. */
export function toJson({ connector, at, status, health, problems }: Report): object {
  const { installation, state, gaps, quarantine, backfills, unreadable } = status;
  const sweep = (tier: 'hourly' | 'daily') => {
    const checkpoint = state?.sweeps?.[tier];
    return { lastDone: time(checkpoint?.doneFrom), underWaySince: time(checkpoint?.inflight?.startedAt) };
  };
  return {
    connector,
    at: format(at),
    health,
    problems,
    watermark: time(state?.wm),
    watermarkAgeSeconds: state === null ? null : Math.round((at - state.wm) / 1_000),
    lastPoll: time(state?.lastOkAt),
    lastEvent: time(state?.lastEventAt),
    failStreak: state?.failStreak ?? null,
    notBefore: time(state?.notBefore),
    dialect: state?.dialect ?? null,
    tailnet: installation?.tailnetId ?? installation?.tailnetKey ?? null,
    installedAt: time(installation?.installedAt),
    lease:
      state?.leaseUntil != null && state.leaseUntil > at
        ? { until: format(state.leaseUntil), runId: state.owner ?? null }
        : null,
    window:
      state?.inflight == null
        ? null
        : {
            from: format(state.inflight.from),
            until: format(state.inflight.until),
            pages: state.inflight.page,
            restarts: state.inflight.restarts,
          },
    sweeps: { hourly: sweep('hourly'), daily: sweep('daily') },
    gaps: gaps.map(({ from, until }) => ({ from: format(from), until: format(until) })),
    quarantine: { ...quarantine, oldestAt: time(quarantine.oldestAt) },
    backfills: backfills.map((job) => ({
      ...job,
      from: format(job.from),
      until: format(job.until),
      lastAt: time(job.lastAt),
    })),
    unreadable,
  };
}
