import type { DialectSetting } from '../../../lib/contract/settings';
import type { Millis } from '../../../lib/domain/time';
import type { Clock } from '../../../lib/domain/deadline';
import type { BusEvent } from '../../../lib/domain/event';
import type { StateOutages } from '../../../lib/poll/state-outage';
import { createInMemoryBucket, type InMemoryBucket } from '../../harness/in-memory-archive';
import { createInMemoryEventBus, type InMemoryEventBus } from '../../harness/in-memory-bus';
import { createInMemoryTable, type InMemoryTable } from '../../harness/in-memory-table';
import { createInMemoryTailnet, type InMemoryTailnet } from '../../harness/in-memory-tailnet';
import { MAX_SKEW_MS, type FaultName, type Meanwhile, type SpellName } from './faults';
import { startRun } from './invocation';
import { createJudge, type Judge } from './judge';
import { createOracle, type Oracle } from './oracle';
import { CONNECTOR, type Plan } from './plan';
import { createRandom, type Random } from './random';
import { isGoing, type Run } from './run';
import { createTimeline, type Timeline } from './timeline';
import { createTrace, type Trace } from './trace';
import { createWriter, POISON } from './writer';

/** A tailnet, AWS and time itself, all in memory, and whoever watches them. */
export interface SimulatedSystem {
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly judge: Judge;
  readonly oracle: Oracle;
  readonly trace: Trace;
  readonly table: InMemoryTable;
  readonly bucket: InMemoryBucket;
  readonly bus: InMemoryEventBus;
  readonly runs: readonly Run[];
  /** What the one sandbox remembers. */
  readonly outages: StateOutages;
  /** What lies over the present tick. */
  readonly weather: readonly SpellName[];
  /** The tailnet that the credential opens now. */
  readonly tailnet: () => InMemoryTailnet;
  setWeather(weather: readonly SpellName[]): void;
  /** As the connector is deployed now. */
  readonly setting: DialectSetting;
  deploy(setting: DialectSetting): void;
  /** Begins an invocation, and does not wait for its end. */
  start(options: { readonly budgetMs: Millis; readonly skewMs?: Millis; readonly strikes?: Run['strikes'] }): Run;
  /** Does what a service does for a run: what changes is the run's doing. */
  actingAs<Answer>(
    run: Run,
    refuse: ((event: BusEvent) => string | undefined) | undefined,
    effect: () => Answer,
  ): Answer;
  happens(what: Meanwhile, run: Run): void;
  fired(fault: FaultName): void;
  readonly faults: ReadonlyMap<FaultName, number>;
}

export function createSystem(plan: Plan): SimulatedSystem {
  const timeline = createTimeline((plan.ticks[0]?.at ?? 0) - 1);
  const random = createRandom(plan.seed, 'fates');
  const judge = createJudge();
  const trace = createTrace();
  const bucket = createInMemoryBucket();
  const bus = createInMemoryEventBus();
  const runs: Run[] = [];
  const faults = new Map<FaultName, number>();
  let weather: readonly SpellName[] = [];
  let setting: DialectSetting = plan.ticks[0]?.setting ?? plan.lastSetting;
  let actor: Run | undefined;

  const doer = (): Run => {
    if (actor === undefined) throw new Error('an effect without a run behind it');
    return actor;
  };
  const table = createInMemoryTable(timeline, {
    committed: (_runId, _token, before, after) => {
      oracle.committed(doer(), before, after);
    },
    marked: (_runId, elements) => {
      oracle.marked(doer(), elements);
    },
    acquired(_runId, before) {
      const run = doer();
      run.hasLease = true;
      if (before?.working != null) run.inherited = { token: before.token, records: before.working.records };
    },
    noted(_runId, names, deaths) {
      const run = doer();
      if (oracle.noted(run, names, deaths)) run.isDoomed = true;
    },
    quarantined: (_runId, entry) => {
      oracle.quarantined(doer(), entry);
    },
  });
  const oracle = createOracle({ plan, judge, table, bucket, connector: CONNECTOR, now: () => timeline.now() }, runs);
  const own = openTailnet(plan, timeline);
  const other = openOtherTailnet(plan, timeline);

  const refuseUsually = ({ detail }: BusEvent) =>
    JSON.stringify(detail).includes(POISON) ? 'MalformedDetail' : undefined;
  bus.refuse = refuseUsually;
  bus.onArrival = (event) => {
    oracle.arrived(doer(), event);
  };

  const system: SimulatedSystem = {
    plan,
    timeline,
    random,
    judge,
    oracle,
    trace,
    table,
    bucket,
    bus,
    runs,
    faults,
    outages: new Map(),
    get weather() {
      return weather;
    },
    get setting() {
      return setting;
    },
    deploy(next) {
      if (next !== setting) system.fired('dialect switched');
      setting = next;
    },
    tailnet: () => (weather.includes('another tailnet') ? other : own),
    setWeather(next) {
      // A run that has asked whether the bus is there cannot know that it went away since.
      const mayVanish = weather.includes('bus missing') || !runs.some(isGoing);
      weather = next.filter(
        (spell) =>
          (spell !== 'bus missing' || mayVanish) &&
          (spell !== 'another tailnet' || table.of(CONNECTOR).installation?.tailnetId != null),
      );
      bus.exists = !weather.includes('bus missing');
      for (const spell of weather) if (isSilent(spell)) system.fired(spell);
    },
    start({ budgetMs, skewMs = skewUnder(weather, random), strikes = [] }) {
      const run = startRun(system, { number: runs.length + 1, budgetMs, skewMs, strikes });
      runs.push(run);
      return run;
    },
    actingAs(run, refuse, effect) {
      actor = run;
      if (refuse !== undefined) bus.refuse = (event) => refuseUsually(event) ?? refuse(event);
      try {
        return effect();
      } finally {
        actor = undefined;
        bus.refuse = refuseUsually;
      }
    },
    happens(what, run) {
      switch (what.kind) {
        case 'clock':
          run.skewMs = Math.max(-MAX_SKEW_MS, Math.min(MAX_SKEW_MS, run.skewMs + what.byMs));
          run.wasSet = true;
          return;
        case 'rewind': {
          const { state } = table.of(CONNECTOR);
          if (state === undefined) return;
          table.rewind(CONNECTOR, state.wm - what.byMs);
          oracle.reset();
          return;
        }
        case 'lose state':
          table.loseState(CONNECTOR);
          oracle.reset();
          return;
        case 'second run':
          system.start({ budgetMs: 240_000, skewMs: what.skewMs });
      }
    },
    fired: (fault) => void faults.set(fault, (faults.get(fault) ?? 0) + 1),
  };
  for (const outage of plan.outages) system.fired(outage);
  return system;
}

/** Spells that no single request shows. */
const isSilent = (spell: SpellName) =>
  ['bus missing', 'another tailnet', 'fast clock', 'slow clock', 'little time', 'killed every time'].includes(spell);

function skewUnder(weather: readonly SpellName[], random: Random): Millis {
  if (weather.includes('fast clock')) return random.int(1_000, MAX_SKEW_MS);
  return weather.includes('slow clock') ? -random.int(1_000, MAX_SKEW_MS) : 0;
}

function openTailnet({ dialect, pageSize, records }: Plan, clock: Clock): InMemoryTailnet {
  const tailnet = createInMemoryTailnet({ dialect, pageSize, clock, id: 'example.com' });
  for (const entry of records.flatMap(({ entries }) => entries)) tailnet.add(entry);
  return tailnet;
}

/** What a credential opens that somebody has put in by mistake. */
function openOtherTailnet({ dialect, pageSize, ticks }: Plan, clock: Clock): InMemoryTailnet {
  const tailnet = createInMemoryTailnet({ dialect, pageSize, clock, id: 'other.example.com' });
  const writer = createWriter(dialect, 'other');
  for (const { at } of ticks)
    tailnet.add({
      record: writer.plain({ at, nanos: 0 }).record,
      at,
      nanos: 0,
      visibleFrom: at,
      visibleUntil: Infinity,
    });
  return tailnet;
}
