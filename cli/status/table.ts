import Table from 'cli-table3';
import type { Colors } from 'picocolors/types';
import type { Millis } from '../../lib/domain/time';
import { MAX_NAME, visibleLine } from '../../lib/contract/visible';
import { format, formatLength } from '../instant';
import type { Health } from './health';
import type { Report } from './report';

const PAINT = { ok: 'green', warning: 'yellow', unhealthy: 'red' } as const satisfies Record<Health, string>;

/** A field of each connector. `exact` is shown only for a single connector, because a row has no space for it. */
interface Field {
  readonly name: string;
  readonly show: (report: Report, pc: Colors) => string;
  readonly exact?: (report: Report) => string | undefined;
}

const FIELDS: readonly Field[] = [
  { name: 'health', show: ({ health }, pc) => pc[PAINT[health]](health) },
  {
    name: 'watermark',
    show: ({ status: { state }, at }) => (state === null ? '-' : age(at, state.wm)),
    exact: ({ status }) => instant(status.state?.wm),
  },
  { name: 'last poll', show: lastPoll, exact: ({ status }) => instant(status.state?.lastOkAt) },
  { name: 'dialect', show: ({ status }) => status.state?.dialect ?? '-' },
  {
    name: 'tailnet',
    show: ({ status: { installation } }) =>
      visibleLine(installation?.tailnetId ?? installation?.tailnetKey ?? '-', MAX_NAME),
  },
  {
    name: 'lease',
    show: lease,
    exact: ({ status: { state }, at }) =>
      state !== null && (state.leaseUntil ?? 0) > at ? visibleLine(state.owner ?? '', MAX_NAME) : undefined,
  },
  { name: 'sweeps', show: sweeps },
  { name: 'gaps', show: ({ status }) => String(status.gaps.length) },
  {
    name: 'quarantine',
    show: ({ status }) => String(status.quarantine.waiting),
    exact: ({ status: { quarantine }, at }) =>
      quarantine.oldestAt === null ? undefined : `oldest ${age(at, quarantine.oldestAt)}`,
  },
  {
    name: 'backfills',
    show: ({ status }) => (status.backfills.length === 0 ? 'none' : String(status.backfills.length)),
    exact: ({ status }) =>
      status.backfills
        .map(({ job, slices, slicesDone, emitted }) =>
          visibleLine(`${job}: ${slicesDone} of ${slices} slices, ${emitted} events`),
        )
        .join('; '),
  },
];

/** The connectors as a table, and below it the problems. */
export function toText(reports: readonly Report[], pc: Colors): string {
  const [only, ...others] = reports;
  const text = only !== undefined && others.length === 0 ? oneConnector(only, pc) : manyConnectors(reports, pc);
  const problems = reports.flatMap(({ connector, problems: all }) =>
    all.map(
      ({ level, rule, message }) =>
        `${pc[PAINT[level]](level)} ${visibleLine(connector, MAX_NAME)}: ${rule}: ${visibleLine(message)}`,
    ),
  );
  return [text, ...(problems.length === 0 ? [] : ['', ...problems])].join('\n');
}

/** No colors of the table's own. */
const STYLE = { head: [], border: [], compact: true };

function oneConnector(report: Report, pc: Colors): string {
  const table = new Table({ style: STYLE });
  table.push(['connector', pc.bold(visibleLine(report.connector, MAX_NAME))]);
  for (const { name, show, exact } of FIELDS) {
    const more = exact?.(report) ?? '';
    table.push([name, `${show(report, pc)}${more === '' ? '' : pc.dim(` (${more})`)}`]);
  }
  return table.toString();
}

function manyConnectors(reports: readonly Report[], pc: Colors): string {
  const table = new Table({ style: STYLE, head: ['connector', ...FIELDS.map(({ name }) => name)] });
  for (const one of reports)
    table.push([pc.bold(visibleLine(one.connector, MAX_NAME)), ...FIELDS.map(({ show }) => show(one, pc))]);
  return table.toString();
}

/** One line, for --watch without a terminal. */
export function toLine(report: Report): string {
  const {
    connector,
    at,
    health,
    problems,
    status: { state },
  } = report;
  const said = [`watermark ${state === null ? '-' : age(at, state.wm)}`, ...problems.map(({ rule }) => rule)];
  return `${format(at)} ${visibleLine(connector, MAX_NAME)} ${health}: ${said.join(', ')}`;
}

function age(now: Millis, then: Millis): string {
  return then > now ? `in ${formatLength(then - now)}` : `${formatLength(now - then)} ago`;
}

function instant(millis: Millis | null | undefined): string | undefined {
  return millis === null || millis === undefined ? undefined : format(millis);
}

function lastPoll({ status: { state }, at }: Report): string {
  if (state === null) return 'never';
  const last = state.lastOkAt === null ? 'none successful' : age(at, state.lastOkAt);
  return state.failStreak === 0 ? last : `${last}, ${state.failStreak} failures since`;
}

function lease({ status: { state }, at }: Report): string {
  if (state?.notBefore !== undefined && state.notBefore > at)
    return `rate limited for ${formatLength(state.notBefore - at)}`;
  return state !== null && (state.leaseUntil ?? 0) > at ? 'held by a run' : 'free';
}

function sweeps({ status: { state }, at }: Report): string {
  if (state?.sweeps === undefined) return 'none yet';
  const { hourly, daily } = state.sweeps;
  const checkpoint = ({ doneFrom, inflight }: typeof hourly) =>
    inflight === null ? age(at, doneFrom) : `running, page ${inflight.page + 1}`;
  return `hourly ${checkpoint(hourly)}, daily ${checkpoint(daily)}`;
}
