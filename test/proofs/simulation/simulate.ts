import { MINUTE, HOUR, DAY, type Millis } from '../../../lib/domain/time';
import { isPatient, type FaultName } from './faults';
import type { Violation } from './judge';
import { CONNECTOR, PERIOD_MS, planHistory, type Plan } from './plan';
import type { Delay, Kind } from './records';
import { judgeRest, type Balance } from './rest';
import { isGoing, type Run } from './run';
import { createWorld, type World } from './world';

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
  const world = createWorld(plan);
  const isFine = () => world.judge.verdict === undefined;

  for (const tick of plan.ticks) {
    await world.timeline.advanceTo(tick.at);
    if (!isFine()) break;
    world.deploy(tick.setting);
    world.setWeather(tick.weather);
    const waiting = world.runs.at(-1)?.strikes.filter(({ name }) => isPatient(name)) ?? [];
    world.start({ ...tick, strikes: [...tick.strikes, ...waiting] });
  }
  if (isFine()) {
    await world.timeline.advanceTo(Math.max(plan.end, world.timeline.now() + PERIOD_MS));
    world.deploy(plan.lastSetting);
    world.setWeather([]);
    await thaw(world);
    await catchUp(world);
  }
  if (isFine()) await settle(world);
  if (isFine()) world.oracle.atRest();
  const balance = judgeRest({
    ...world,
    connector: CONNECTOR,
    now: () => world.timeline.now(),
    expectations: world.oracle.expectations,
    runs: world.runs,
  });
  return {
    ...balance,
    seed,
    runs: world.runs.length,
    faults: world.faults,
    kinds: kindsOf(plan),
    violation: world.judge.verdict,
    trace: world.trace.lines,
    hash: world.trace.hash(),
  };
}

const MOST_THAWS = 5;

/** Until every run that stood still goes on, and whatever keeps new runs away is over. */
async function thaw(world: World): Promise<void> {
  // One that goes on may be made to stand still once more.
  for (let times = 0; times < MOST_THAWS && (times === 0 || world.runs.some(isGoing)); times += 1) {
    const { state } = world.table.of(CONNECTOR);
    const until = Math.max(
      ...world.runs.filter(isGoing).map(({ frozenUntil }) => frozenUntil),
      state?.notBefore ?? 0,
      (state?.leaseUntil ?? 0) + 10_000,
    );
    await world.timeline.advanceTo(Math.max(until, world.timeline.now()) + TIMEOUT_MS);
  }
  for (const run of world.runs.filter(isGoing)) world.judge.violated('I18', `${run.id} never ended`);
}

/** Ticks without a fault. */
async function tick(world: World, after: Millis): Promise<Run> {
  await world.timeline.advanceTo(world.timeline.now() + after);
  const run = world.start({ budgetMs: TIMEOUT_MS });
  await world.timeline.advanceTo(world.timeline.now() + TIMEOUT_MS);
  if (isGoing(run)) world.judge.violated('I18', `${run.id} never ended`);
  return run;
}

/** Two runs die on a record that kills them: they do not count. */
async function tickAlive(world: World, after: Millis): Promise<Run> {
  let run = await tick(world, after);
  while (run.hasCrashed && world.judge.verdict === undefined) run = await tick(world, PERIOD_MS - TIMEOUT_MS);
  return run;
}

/** Ticks within which the connector must be up to date again. */
const TICKS_TO_CATCH_UP = 3;

async function catchUp(world: World): Promise<void> {
  for (let number = 0; number < TICKS_TO_CATCH_UP; number += 1) await tickAlive(world, PERIOD_MS - TIMEOUT_MS);
  const lag = world.timeline.now() - (world.table.of(CONNECTOR).state?.wm ?? 0);
  if (lag > 2 * PERIOD_MS)
    world.judge.violated(
      'I12',
      `the watermark is ${Math.round(lag / 1000)} s behind after ${TICKS_TO_CATCH_UP} ticks without a fault`,
    );
}

/** Until the last record has shown itself and each tier has swept twice. */
async function settle(world: World): Promise<void> {
  const last = Math.max(...world.plan.records.flatMap(({ entries }) => entries.map(({ visibleFrom }) => visibleFrom)));
  const waits = [
    Math.max(PERIOD_MS, last - world.timeline.now() + MINUTE),
    PERIOD_MS,
    HOUR + MINUTE,
    DAY + MINUTE,
    PERIOD_MS,
  ];
  for (const wait of waits) {
    const run = await tickAlive(world, wait);
    if (run.failure !== null) world.judge.violated('I12', `${run.id} failed without a fault: ${run.failure}`);
    if (world.judge.verdict !== undefined) return;
  }
}

function kindsOf({ records }: Plan): Set<Kind | Delay> {
  return new Set(records.flatMap(({ kind, delay }) => [kind, delay]));
}
