import { BLIND_AFTER, STALE_SECONDS } from '../../lib/contract/timing';
import { SWEEPS, type SweepTier } from '../../lib/domain/checkpoint';
import { DAY, HOUR, MINUTE, RETENTION_MS, type Millis } from '../../lib/domain/time';
import type { ConnectorStatus } from '../../lib/operator/status';
import { format, formatLength } from '../instant';
import type { ConfiguredRule } from '../stack';

export type Health = 'ok' | 'warning' | 'unhealthy';

/** A finding about a connector's health. */
export interface Problem {
  readonly rule: string;
  readonly level: 'warning' | 'unhealthy';
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** What the health rules need besides the status and the time. */
export interface Expectations {
  /** The stack's expected-activity rules; empty with --table. */
  readonly rules: readonly ConfiguredRule[];
  /** The latest match of each rule by any connector: a rule may apply to only one tailnet. */
  readonly matched: ReadonlyMap<string, Millis>;
  /** Milliseconds without a record after which a connector is quiet. */
  readonly quietAfterMs: Millis;
}

interface Rule extends Omit<Problem, 'rule' | 'message'> {
  /** As docs/operating.md names it. */
  readonly id: string;
  /** The message; null: the rule does not apply. */
  readonly find: (status: ConnectorStatus, now: Millis, expectations: Expectations) => string | null;
}

/** Milliseconds without a commit, at least and at most: a running slice commits many times an hour; one stopped for over a week was given up. */
const STALLED_MS = { after: HOUR, until: 7 * DAY };

/** Milliseconds of tolerance for clocks that differ. */
const FUTURE_MS = 5 * MINUTE;

/** Milliseconds for which a gap is shown; it stays in the ledger. */
const GAP_SHOWN_MS = 30 * DAY;

/** Milliseconds without a match. */
const UNUSED_MS = 30 * DAY;

/** `unhealthy`: the connector reads nothing, or soon will not. `warning`: all else that needs attention. The most severe first. */
export const RULES: readonly Rule[] = [
  {
    id: 'never-run',
    level: 'unhealthy',
    find: ({ installation, state, unreadable }) =>
      installation === null && state === null && unreadable.length === 0
        ? "the function has not run for it yet: wait five minutes after a deployment, then see the function's log"
        : null,
  },
  {
    id: 'unreadable',
    level: 'unhealthy',
    find: ({ installation, state, unreadable }) => {
      const [first] = installation === null || state === null ? unreadable : [];
      return first === undefined ? null : first.problem;
    },
  },
  {
    id: 'state-lost',
    level: 'unhealthy',
    find: ({ installation, state, unreadable }) =>
      installation !== null && state === null && unreadable.length === 0
        ? 'its watermark is missing in the table; the next run reads again from the installation and skips published events'
        : null,
  },
  {
    id: 'stale',
    level: 'unhealthy',
    find: ({ state }, now) => {
      if (state === null || now - state.wm <= STALE_SECONDS * 1_000) return null;
      const catchingUp =
        state.failStreak === 0 && state.lastOkAt !== null && now - state.lastOkAt <= STALE_SECONDS * 1_000;
      return `the watermark is ${formatLength(now - state.wm)} old; ${catchingUp ? 'runs succeed and are catching up' : "run test-connection, and see the function's log"}`;
    },
  },
  {
    id: 'owed',
    level: 'unhealthy',
    find: ({ state }) => {
      const [first] = state?.owed ?? [];
      return first === undefined
        ? null
        : `${state?.owed.length ?? 0} health events are not published yet; the first is ${first.kind}. See the function's log for BUS_ errors`;
    },
  },
  {
    id: 'failing',
    level: 'unhealthy',
    find: ({ state }) =>
      state !== null && state.failStreak >= BLIND_AFTER
        ? `the last ${state.failStreak} runs failed: run test-connection, and see the function's log`
        : null,
  },
  {
    id: 'future',
    level: 'unhealthy',
    find: ({ state }, now) =>
      state !== null && state.wm > now + FUTURE_MS
        ? `the watermark is ${formatLength(state.wm - now)} in the future: it was edited, or this machine's clock is wrong. Set it back with rewind`
        : null,
  },
  {
    id: 'waiting',
    level: 'warning',
    find: ({ state }, now) =>
      state?.notBefore !== undefined && state.notBefore > now
        ? `Tailscale rate limits it until ${format(state.notBefore)}`
        : null,
  },
  {
    id: 'sweep-overdue',
    level: 'warning',
    find: ({ installation, state }, now) => {
      if (state === null) return null;
      const overdue = (['hourly', 'daily'] as const satisfies readonly SweepTier[]).flatMap((tier) => {
        const since = state.sweeps?.[tier].doneFrom ?? installation?.installedAt ?? now;
        return now - since > 2 * SWEEPS[tier].periodMs ? [`the ${tier} sweep is ${formatLength(now - since)} old`] : [];
      });
      return overdue.length === 0
        ? null
        : `${overdue.join(', ')}: late records are not found. Runs may have no time left for sweeps; see the function's log`;
    },
  },
  {
    id: 'gap',
    level: 'warning',
    find: ({ gaps }, now) => {
      // The connector detects a gap when Tailscale no longer keeps its end.
      const recent = gaps.filter(({ until }) => now - (until + RETENTION_MS) < GAP_SHOWN_MS);
      return recent.length === 0
        ? null
        : `lost, because Tailscale no longer keeps it: ${recent.map(({ from, until }) => `${format(from)} to ${format(until)}`).join(', ')}`;
    },
  },
  {
    id: 'quarantine',
    level: 'warning',
    find: ({ quarantine: { waiting, unparsed } }) =>
      waiting === 0
        ? null
        : `${waiting} in quarantine${unparsed === 0 ? '' : `, of which ${unparsed} are unparsed records, already published`}: once the cause is fixed, run redrive`,
  },
  {
    id: 'backfill-stalled',
    level: 'warning',
    find: ({ backfills }, now) => {
      const stalled = backfills.filter(
        ({ lastAt }) => lastAt !== null && now - lastAt > STALLED_MS.after && now - lastAt < STALLED_MS.until,
      );
      return stalled.length === 0
        ? null
        : `no progress for an hour in ${stalled.map(({ job }) => job).join(', ')}: invoke the function with the report's "next", or redrive the execution (docs/backfill.md)`;
    },
  },
  {
    id: 'unreadable-entry',
    level: 'warning',
    find: ({ installation, state, unreadable }) => {
      const [first] = installation === null || state === null ? [] : unreadable;
      return first === undefined
        ? null
        : `${unreadable.length} items besides its state are unreadable; the first is ${first.item}: ${first.problem}`;
    },
  },
  {
    id: 'quiet',
    level: 'warning',
    find: ({ installation, state }, now, { quietAfterMs }) => {
      const since = state?.lastEventAt ?? installation?.installedAt;
      if (state === null || since === undefined || now - since <= quietAfterMs) return null;
      const newest =
        state.lastEventAt === null
          ? `no record since the installation ${formatLength(now - since)} ago`
          : `the newest record is ${formatLength(now - since)} old`;
      return `${newest}: the tailnet is quiet, or the credential lost a scope. Run test-connection, then change something in the admin console and check that its event is published`;
    },
  },
  {
    id: 'expected-expired',
    level: 'warning',
    find: (_, now, { rules }) => {
      const expired = rules.filter((rule) => isExpired(rule, now));
      return expired.length === 0
        ? null
        : `expected-activity rules have expired: ${expired.map(({ rule, endsOn = '' }) => `${rule} (endsOn ${endsOn})`).join(', ')}. Remove them, or set another endsOn, and deploy`;
    },
  },
  {
    id: 'expected-unused',
    level: 'warning',
    find: ({ installation }, now, { rules, matched }) => {
      const unused = rules.flatMap((rule) => {
        const last = matched.get(rule.rule);
        const since = last ?? installation?.installedAt ?? now;
        if (isExpired(rule, now) || now - since <= UNUSED_MS) return [];
        return [
          `${rule.rule} (${last === undefined ? `never since the installation at ${format(since)}; the rule may be newer` : `last at ${format(last)}`})`,
        ];
      });
      return unused.length === 0
        ? null
        : `expected-activity rules have matched nothing for 30 days: ${unused.join(', ')}. The activity may have ended, or has another actor: correct or remove them, and deploy`;
    },
  },
];

function isExpired({ endsOn }: ConfiguredRule, now: Millis): boolean {
  return endsOn !== undefined && format(now).slice(0, 10) >= endsOn;
}

/** The connector's problems, the most severe first. */
export function judge(status: ConnectorStatus, now: Millis, expectations: Expectations): Problem[] {
  return RULES.flatMap(({ id, level, find }) => {
    const message = find(status, now, expectations);
    return message === null ? [] : [{ rule: id, level, message }];
  });
}

export function healthOf(problems: readonly Problem[]): Health {
  if (problems.some(({ level }) => level === 'unhealthy')) return 'unhealthy';
  return problems.length === 0 ? 'ok' : 'warning';
}
