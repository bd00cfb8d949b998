import { MINUTE, type Millis } from '../../../lib/domain/time';
import type { StateItem } from '../../harness/in-memory-table';
import type { OracleDeps } from './oracle';
import type { HealthDetail } from './published';
import type { Run } from './run';

/** Milliseconds of log that may be missing on the bus before somebody must know: three ticks that find it out, and one. */
const SILENT_MS = 20 * MINUTE;

/** Milliseconds within which a silence that lasts is announced again: every hour, by the tick that comes next. A run that looks has just announced what was due. */
const REPEATED_MS = 65 * MINUTE;

/** Runs in a row that cannot reach the table before that is announced without it. */
const UNREACHED = 2;

const SILENT: readonly string[] = ['blind', 'catchingUp'];

/** What a reader of the health events knows of a connector. */
export interface Silence {
  announced(detail: HealthDetail): void;
  /** A run is about to ask Tailscale: by now it has said what there was to say. */
  asksUpstream(run: Run): void;
  /** A run has ended by itself; a killed one says nothing more, so it is asked while it lives. */
  ended(run: Run): void;
  died(run: Run): void;
  /** A rewind, or a deleted item: the watermark is old, and no run has seen it yet. */
  setBack(): void;
  atRest(): void;
}

export function createSilence({
  judge,
  table,
  connector,
  now,
}: Pick<OracleDeps, 'judge' | 'table' | 'connector' | 'now'>): Silence {
  const ids = new Set<string>();
  /** By their first copy: one that comes again is known by its id. */
  let last: { readonly kind: string; readonly at: Millis } | undefined;
  let isSetBack = false;
  let unreached = 0;

  const judgeRun = (run: Run, { wm, health }: StateItem) => {
    const age = now() + run.skewMs - wm;
    // The clock was set meanwhile, or stood still: what the run knew when it last looked was true.
    if (age <= SILENT_MS || run.wasSet || run.frozenUntil > -Infinity) return;
    // Neither the bus nor the table took it.
    if (run.busLost && run.alertsLost) return;
    const isOwed = health.owed.some(({ kind }) => SILENT.includes(kind));
    const isKnown = last !== undefined && SILENT.includes(last.kind) && now() + run.skewMs - last.at <= REPEATED_MS;
    if (isOwed || isKnown) return;
    judge.violated(
      'I21',
      `${run.id} leaves the watermark ${Math.round(age / MINUTE)} minutes old; last announced: ${last === undefined ? 'nothing' : `${last.kind} at ${new Date(last.at).toISOString()}`}`,
    );
  };

  return {
    announced({ id, kind, occurredAt }) {
      if (ids.has(id) || ![...SILENT, 'recovered'].includes(kind)) return;
      ids.add(id);
      last = { kind, at: Date.parse(occurredAt) };
    },
    asksUpstream(run) {
      const { state } = table.of(connector);
      // It has said already what is lost, or read again; how it goes on it says at its end.
      if (state?.owner === run.id && !isSetBack && !run.toldGap && !run.toldStateLost) judgeRun(run, state);
    },
    ended(run) {
      const { state } = table.of(connector);
      if (run.isIn) {
        unreached = 0;
        // Else another run has taken over, and judges.
        if (state?.owner !== run.id) return;
        judgeRun(run, state);
        isSetBack = false;
      } else if (run.failure !== null) {
        unreached += 1;
        if (unreached >= UNREACHED && state !== undefined && !run.busLost) judgeRun(run, state);
      }
    },
    died(run) {
      if (run.isIn) unreached = 0;
      if (table.of(connector).state?.owner === run.id) isSetBack = false;
    },
    setBack() {
      isSetBack = true;
    },
    atRest() {
      if (last !== undefined && last.kind !== 'recovered')
        judge.violated(
          'I22',
          `at rest the last that was announced is ${last.kind} of ${new Date(last.at).toISOString()}`,
        );
    },
  };
}
