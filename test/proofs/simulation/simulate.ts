import { MINUTE, HOUR, DAY, type Millis } from '../../../lib/domain/time';
import { isPatient, type FaultName } from './faults';
import type { Violation } from './judge';
import { CONNECTOR, PERIOD_MS, planHistory, type Plan } from './plan';
import type { Delay, Kind } from './records';
import { judgeRest, type Balance } from './rest';
import { isGoing, type Run } from './run';
import { createSystem, type SimulatedSystem } from './system';

/** What came of one seed. */
export interface Outcome extends Balance {
  readonly seed: number;
  readonly runs: number;
  readonly faults: ReadonlyMap<FaultName, number>;
  readonly kinds: ReadonlySet<Kind | Delay>;
  readonly violation: Violation | undefined;
  /** What happened, line by line. */
  readonly trace: readonly string[];
  /** Of the trace: the same for the same history. */
  readonly hash: string;
}
const TIMEOUT_MS = 240_000;

/** Lives through the history of one seed: first with its faults, then without, until nothing is left to come. */
export async function simulate(seed: number): Promise<Outcome> {
  const plan = planHistory(seed);
  const system = createSystem(plan);
  const isFine = () => system.judge.verdict === undefined;

  for (const tick of plan.ticks) {
    await system.timeline.advanceTo(tick.at);
    if (!isFine()) break;
    system.deploy(tick.setting);
    system.setWeather(tick.weather);
    const waiting = system.runs.at(-1)?.strikes.filter(({ name }) => isPatient(name)) ?? [];
    system.start({ ...tick, strikes: [...tick.strikes, ...waiting] });
  }
  if (isFine()) {
    await system.timeline.advanceTo(Math.max(plan.end, system.timeline.now() + PERIOD_MS));
    system.deploy(plan.lastSetting);
    system.setWeather([]);
    await thaw(system);
    await catchUp(system);
  }
  if (isFine()) await settle(system);
  if (isFine()) system.oracle.atRest();
  const balance = judgeRest({
    ...system,
    connector: CONNECTOR,
    now: () => system.timeline.now(),
    expectations: system.oracle.expectations,
    runs: system.runs,
  });
  return {
    ...balance,
    seed,
    runs: system.runs.length,
    faults: system.faults,
    kinds: kindsOf(plan),
    violation: system.judge.verdict,
    trace: system.trace.lines,
    hash: system.trace.hash(),
  };
}

const MOST_THAWS = 5;

/** Until every frozen run continues, and nothing keeps new runs away. */
async function thaw(system: SimulatedSystem): Promise<void> {
  // One that goes on may be made to stand still once more.
  for (let times = 0; times < MOST_THAWS && (times === 0 || system.runs.some(isGoing)); times += 1) {
    const { state } = system.table.of(CONNECTOR);
    const until = Math.max(
      ...system.runs.filter(isGoing).map(({ frozenUntil }) => frozenUntil),
      state?.notBefore ?? 0,
      (state?.leaseUntil ?? 0) + 10_000,
    );
    await system.timeline.advanceTo(Math.max(until, system.timeline.now()) + TIMEOUT_MS);
  }
  for (const run of system.runs.filter(isGoing)) system.judge.violated('I18', `${run.id} never ended`);
}

/** Ticks without a fault. */
async function tick(system: SimulatedSystem, after: Millis): Promise<Run> {
  await system.timeline.advanceTo(system.timeline.now() + after);
  const run = system.start({ budgetMs: TIMEOUT_MS });
  await system.timeline.advanceTo(system.timeline.now() + TIMEOUT_MS);
  if (isGoing(run)) system.judge.violated('I18', `${run.id} never ended`);
  return run;
}

/** Two runs die on a record that kills them: they do not count. */
async function tickAlive(system: SimulatedSystem, after: Millis): Promise<Run> {
  let run = await tick(system, after);
  while (run.hasCrashed && system.judge.verdict === undefined) run = await tick(system, PERIOD_MS - TIMEOUT_MS);
  return run;
}

/** Ticks within which the connector must be up to date again. */
const TICKS_TO_CATCH_UP = 3;

async function catchUp(system: SimulatedSystem): Promise<void> {
  for (let number = 0; number < TICKS_TO_CATCH_UP; number += 1) await tickAlive(system, PERIOD_MS - TIMEOUT_MS);
  const lag = system.timeline.now() - (system.table.of(CONNECTOR).state?.wm ?? 0);
  if (lag > 2 * PERIOD_MS)
    system.judge.violated(
      'I12',
      `the watermark is ${Math.round(lag / 1000)} s behind after ${TICKS_TO_CATCH_UP} ticks without a fault`,
    );
}

/** Until the last record has shown itself and each tier has swept twice. */
async function settle(system: SimulatedSystem): Promise<void> {
  const last = Math.max(...system.plan.records.flatMap(({ entries }) => entries.map(({ visibleFrom }) => visibleFrom)));
  const waits = [
    Math.max(PERIOD_MS, last - system.timeline.now() + MINUTE),
    PERIOD_MS,
    HOUR + MINUTE,
    DAY + MINUTE,
    PERIOD_MS,
  ];
  for (const wait of waits) {
    const run = await tickAlive(system, wait);
    if (run.failure !== null) system.judge.violated('I12', `${run.id} failed without a fault: ${run.failure}`);
    if (system.judge.verdict !== undefined) return;
  }
}

function kindsOf({ records }: Plan): Set<Kind | Delay> {
  return new Set(records.flatMap(({ kind, delay }) => [kind, delay]));
}
