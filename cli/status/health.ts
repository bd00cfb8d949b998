import { BLIND_AFTER } from '../../lib/contract/timing';
import type { SweepTier } from '../../lib/domain/checkpoint';
import { HOUR, type Millis } from '../../lib/domain/time';
import { SWEEPS } from '../../lib/domain/checkpoint';
import { RETENTION_MS } from '../../lib/domain/time';
import { STALE_SECONDS } from '../../lib/contract/timing';
import type { ConnectorStatus } from '../../lib/operator/status';
import { format, formatLength } from '../instant';
import type { ConfiguredRule } from '../stack';

export type Health = 'ok' | 'warning' | 'unhealthy';

/** Something about a connector that somebody should look at. */
export interface Problem {
  readonly rule: string;
  readonly level: 'warning' | 'unhealthy';
  /** What is, and what to do. */
  readonly message: string;
}

/** What a connector is judged by besides the clock. */
export interface Expectations {
  /** The stack's expected-activity rules; none where its outputs were not read. */
  readonly rules: readonly ConfiguredRule[];
  /** The latest match of each rule by any connector that was looked at: a rule may be meant for one tailnet of several. */
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

/** Milliseconds. A slice of a backfill commits many times an hour, and what is given up on is no news after a week. */
const STALLED_MS = { after: HOUR, until: 7 * 24 * HOUR };

/** Milliseconds. Clocks differ; a watermark stays a minute behind Tailscale's. */
const FUTURE_MS = 5 * 60_000;

/** Milliseconds. Whoever reads this has heard of an older gap; it stays in the ledger. */
const GAP_NEWS_MS = 30 * 24 * HOUR;

/** Milliseconds. Activity that is expected at all comes at least once a month. */
const UNUSED_MS = 30 * 24 * HOUR;

/** What makes a connector unhealthy (it is blind, or soon will be), and what only has to be known. */
export const RULES: readonly Rule[] = [
  {
    id: 'never-run',
    level: 'unhealthy',
    find: ({ installation, state, unreadable }) =>
      installation === null && state === null && unreadable.length === 0
        ? "the function has not run for it yet: wait five minutes after a deployment; then look into the function's log"
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
        ? 'its watermark is gone from the table; the next run begins at its installation and leaves out what was published'
        : null,
  },
  {
    id: 'stale',
    level: 'unhealthy',
    find: ({ state }, now) => {
      if (state === null || now - state.wm <= STALE_SECONDS * 1_000) return null;
      const catchingUp =
        state.failStreak === 0 && state.lastOkAt !== null && now - state.lastOkAt <= STALE_SECONDS * 1_000;
      return `the watermark is ${formatLength(now - state.wm)} behind; ${catchingUp ? 'runs work and are catching up' : "ask test-connection, and look into the function's log"}`;
    },
  },
  {
    id: 'owed',
    level: 'unhealthy',
    find: ({ state }) => {
      const [first] = state?.owed ?? [];
      return first === undefined
        ? null
        : `health events that the bus did not accept: ${state?.owed.length ?? 0}; the first is ${first.kind}. Look into the function's log for BUS_ errors`;
    },
  },
  {
    id: 'failing',
    level: 'unhealthy',
    find: ({ state }) =>
      state !== null && state.failStreak >= BLIND_AFTER
        ? `the last ${state.failStreak} runs have failed: ask test-connection, and look into the function's log`
        : null,
  },
  {
    id: 'future',
    level: 'unhealthy',
    find: ({ state }, now) =>
      state !== null && state.wm > now + FUTURE_MS
        ? `the watermark lies ${formatLength(state.wm - now)} in the future: somebody wrote it, or this machine's clock is wrong. Set it back with rewind`
        : null,
  },
  {
    id: 'waiting',
    level: 'warning',
    find: ({ state }, now) =>
      state?.notBefore !== undefined && state.notBefore > now
        ? `Tailscale asked it to wait until ${format(state.notBefore)}`
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
        : `${overdue.join(', ')}: records that show up late are not looked for. Runs may have no time left; look into the function's log`;
    },
  },
  {
    id: 'gap',
    level: 'warning',
    find: ({ gaps }, now) => {
      // It is noticed when Tailscale no longer keeps its end.
      const news = gaps.filter(({ until }) => now - (until + RETENTION_MS) < GAP_NEWS_MS);
      return news.length === 0
        ? null
        : `lost for good, because Tailscale no longer keeps it: ${news.map(({ from, until }) => `${format(from)} to ${format(until)}`).join(', ')}`;
    },
  },
  {
    id: 'quarantine',
    level: 'warning',
    find: ({ quarantine: { waiting, unparsed } }) =>
      waiting === 0
        ? null
        : `${waiting} in quarantine${unparsed === 0 ? '' : `, of which ${unparsed} could not be read and were on the bus as they came`}: once the cause is gone, redrive`,
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
        : `nothing has gone on for an hour in ${stalled.map(({ job }) => job).join(', ')}: ask the function to go on with its "next", or redrive the execution (docs/backfill.md)`;
    },
  },
  {
    id: 'unreadable-entry',
    level: 'warning',
    find: ({ installation, state, unreadable }) => {
      const [first] = installation === null || state === null ? [] : unreadable;
      return first === undefined
        ? null
        : `${unreadable.length} items beside its state cannot be read; the first is ${first.item}: ${first.problem}`;
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
      return `${newest}: perhaps nothing happened, but a lost scope looks the same. Ask test-connection, then change something in the admin console and see whether it arrives`;
    },
  },
  {
    id: 'expected-expired',
    level: 'warning',
    find: (_, now, { rules }) => {
      const expired = rules.filter((rule) => isExpired(rule, now));
      return expired.length === 0
        ? null
        : `expected-activity rules have expired and match nothing any more: ${expired.map(({ rule, endsOn = '' }) => `${rule} (endsOn ${endsOn})`).join(', ')}. Remove them, or set another endsOn, and deploy`;
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
          `${rule.rule} (${last === undefined ? `never since the installation at ${format(since)}; when the rule itself was added is not known` : `last at ${format(last)}`})`,
        ];
      });
      return unused.length === 0
        ? null
        : `expected-activity rules have matched nothing for 30 days: ${unused.join(', ')}. What they expect may have changed its actor or ended: correct or remove them, and deploy`;
    },
  },
];

function isExpired({ endsOn }: ConfiguredRule, now: Millis): boolean {
  return endsOn !== undefined && format(now).slice(0, 10) >= endsOn;
}

/** All that is to be said of a connector, the worst first. */
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
