import { RAW_REASONS, type Quarantined } from '../../../lib/domain/quarantine';
import type { Millis, Window } from '../../../lib/domain/time';
import type { BusEvent } from '../../../lib/domain/event';
import type { InMemoryBucket } from '../../harness/in-memory-archive';
import type { InMemoryTable, StateItem } from '../../harness/in-memory-table';
import { judgeCommit } from './commits';
import { createExpectations, type Expectation, type Expectations } from './expectations';
import type { Judge } from './judge';
import type { Plan } from './plan';
import {
  isOfRecord,
  nameOf,
  readPublished,
  readQuarantined,
  type HealthDetail,
  type Published,
  type RecordDetail,
} from './published';
import { MARKERS } from './writer';
import type { PlannedRecord } from './records';
import { overlaps, type Run, type WindowReader } from './run';
import { createSilence } from './silence';
import { createWorkJudge } from './work';

/** What the oracle looks at: the system, never the connector's own view of it. */
export interface OracleDeps {
  readonly plan: Plan;
  readonly judge: Judge;
  readonly table: InMemoryTable;
  readonly bucket: InMemoryBucket;
  readonly connector: string;
  /** The true time. */
  readonly now: () => Millis;
}

/** Watches every effect in the system, and says when a promise is broken. */
export interface Oracle {
  readonly expectations: Expectations;
  arrived(run: Run, event: BusEvent): void;
  marked(run: Run, elements: readonly string[]): void;
  quarantined(run: Run, entry: Quarantined): void;
  /** The first answer of a walk is being made. */
  walked(run: Run, window: Window): void;
  committed(run: Run, before: StateItem, after: StateItem): void;
  /** A run is about to work on these records. @returns whether one of them kills it. */
  noted(run: Run, names: readonly string[], deaths: number): boolean;
  asksUpstream(run: Run): void;
  /** A run was killed. */
  died(run: Run): void;
  /** A run has ended by itself. */
  ended(run: Run): void;
  /** A rewind, or a deleted item: tokens and the watermark start over. */
  reset(): void;
  atRest(): void;
}

/** Events that one fault may repeat: two units of publishing. */
const MOST_REPEATED = 200;

const RAW: readonly string[] = RAW_REASONS;

export function createOracle(deps: OracleDeps, runs: readonly Run[]): Oracle {
  const { judge, table, bucket, connector, plan, now } = deps;
  const expectations = createExpectations(plan.records);
  /** Marks of what is on the bus or in quarantine. */
  const out = new Set<string>();
  const idOf = new Map<string, string>();
  const recordOf = new Map<string, string>();
  const announcedGaps = new Set<string>();
  const repeatedBy = new Map<Run, number>();
  /** Walks of which a page was committed, by their windows. */
  const begun = new Map<string, WindowReader>();
  const silence = createSilence(deps);
  const work = createWorkJudge(deps, expectations, runs);
  /** Descriptions of the raw records that were announced. */
  const announcedRaw: string[] = [];
  const rawRecords = new Map<string, ReadonlySet<PlannedRecord>>();
  /** Ids of published events. */
  const asEvents = new Set<string>();
  let isSwitchTold = false;
  let highestToken = 0;

  const identify = (marker: string, { detail }: Published, { dialect }: Run) => {
    // An edited record of the audit dialect keeps its id; in the other dialect it has another one.
    const record = `${detail.stream} ${marker.replace(/-v\d$/, '')}`;
    const known = idOf.get(`${dialect} ${record}`) ?? detail.id;
    const owner = recordOf.get(detail.id) ?? record;
    if (known !== detail.id) judge.violated('I8', `${record} went out as ${known} and as ${detail.id}`);
    if (owner !== record) judge.violated('I8', `${detail.id} went out for ${owner} and for ${record}`);
    idOf.set(`${dialect} ${record}`, known);
    recordOf.set(detail.id, owner);
  };

  const judgeCopy = (run: Run, expectation: Expectation, id: string) => {
    const arrivals = expectation.arrivals.filter((arrival) => arrival.id === id);
    const earlier = arrivals.at(-1);
    if (earlier === undefined) {
      const isElsewhere = expectation.arrivals.length > 0;
      if (isElsewhere && !isSwitchTold && !isSwitchOwed())
        judge.violated(
          'I7',
          `${expectation.key} was published by ${run.id} under another id, and nobody was told that the dialect had changed`,
        );
      return;
    }
    const cause = [earlier.run, run].find(({ disturbances }) => disturbances > 0);
    const isParallel = arrivals.some((arrival) => overlaps(arrival.run, run));
    if (cause === undefined && !isParallel) {
      judge.violated(
        'I7',
        `${expectation.key} was published by ${earlier.run.id} and again by ${run.id}, though nothing had gone wrong`,
      );
    }
    if (cause === undefined || isParallel) return;
    const repeated = (repeatedBy.get(cause) ?? 0) + 1;
    repeatedBy.set(cause, repeated);
    if (repeated > MOST_REPEATED * cause.disturbances)
      judge.violated('I7', `${repeated} events were repeated after ${cause.disturbances} faults in ${cause.id}`);
  };

  const isSwitchOwed = () =>
    table.of(connector).state?.health.owed.some(({ kind }) => kind === 'dialectChanged') === true;

  /** One that lost its lease brings out what it had under way, and stops. */
  const judgeLoss = (run: Run) => {
    const { state } = table.of(connector);
    if (run.token === null || state === undefined || state.token === run.token) return;
    run.afterLoss += 1;
    if (run.afterLoss > MOST_REPEATED)
      judge.violated('I7', `${run.id} has published ${run.afterLoss} events since it lost its lease`);
  };

  const judgeRecord = (published: Published, run: Run): Expectation | undefined => {
    const { detail, markers } = published;
    const [marker = 'none'] = markers;
    const expectation = expectations.find(marker, detail.stream);
    if (markers.length !== 1 || expectation === undefined) {
      judge.violated(
        'I2',
        `an event speaks of [${markers.join(', ')}], which this tailnet never had (${detail.stream} ${detail.id})`,
      );
      return undefined;
    }
    if (expectation.visibleFrom > now())
      judge.violated('I2', `${expectation.key} was published before upstream showed it`);
    if (detail.tailnet !== table.of(connector).installation?.tailnetKey)
      judge.violated('I15', `${expectation.key} is of the tailnet ${detail.tailnet}`);
    if (expectation.record.occurredAt !== null && detail.occurredAt !== expectation.record.occurredAt)
      judge.violated(
        'I3',
        `${expectation.key} has the time ${String(detail.occurredAt)} instead of ${expectation.record.occurredAt}`,
      );
    identify(marker, published, run);
    const whole = detail.claimCheck === null ? detail : claimed(detail.claimCheck.key, run);
    if (whole?.stream === 'audit' && !expectation.isHeldBy(whole))
      judge.violated('I3', `${expectation.key} does not hold the value of its record`);
    return expectation;
  };

  /** A record whose events could not be made is quarantined raw. */
  const keepRaw = (run: Run, id: string, json: string, reason: string) => {
    const records = new Set<PlannedRecord>();
    for (const marker of new Set(json.match(MARKERS) ?? [])) {
      for (const stream of ['audit', 'policy-diff'] as const) {
        const expectation = expectations.find(marker, stream);
        if (expectation === undefined) continue;
        expectation.isQuarantined = true;
        records.add(expectation.record);
      }
    }
    rawRecords.set(id, records);
    work.quarantinedRaw(run, [...records], reason);
    for (const one of [id, `d1:${id.slice(3)}`]) out.add(nameOf(one));
  };

  /** The walk that a commit closes: one that an earlier run began, or this run's own. */
  const walkOf = (run: Run, { checkpoint }: StateItem, after: StateItem): WindowReader | undefined => {
    // What the other dialect had begun is given up.
    if (checkpoint?.dialect !== after.checkpoint?.dialect) return run.reader ?? undefined;
    const inflight = checkpoint?.inflight ?? null;
    return inflight === null || inflight.page === 0 ? (run.reader ?? undefined) : begun.get(keyOf(inflight));
  };

  const claimed = (key: string, run: Run) => {
    const json = bucket.objects.get(key);
    if (json !== undefined) return recordOnly(readPublished(json));
    judge.violated('I3', `${run.id} published a claim on ${key}, which is not in the archive`);
    return undefined;
  };

  const hear = (run: Run, detail: HealthDetail) => {
    const { kind, interval, description } = detail;
    silence.announced(detail);
    if (kind === 'quarantined') announcedRaw.push(description);
    // Where the checkpoint was lost, nobody knows which dialect it had.
    if (kind === 'dialectChanged' || kind === 'stateLost') isSwitchTold = true;
    if (kind === 'stateLost') run.toldStateLost = true;
    if (kind === 'gap') run.toldGap = true;
    if (kind === 'gap' && interval !== null)
      announcedGaps.add(`${Date.parse(interval.from)} ${Date.parse(interval.until)}`);
  };

  return {
    expectations,
    arrived(run, event) {
      const published = readPublished(JSON.stringify(event.detail));
      if (!isOfRecord(published)) {
        if (published.detail.stream === 'health') hear(run, published.detail);
        return;
      }
      const expectation = judgeRecord(published, run);
      if (expectation === undefined) return;
      if (expectation.record.kind === 'kills its runs')
        judge.violated('I23', `${run.id} published ${expectation.key}, although no run can work on it`);
      judgeCopy(run, expectation, published.detail.id);
      judgeLoss(run);
      run.hasMoved = true;
      expectation.arrivals.push({ run, at: now(), id: published.detail.id });
      out.add(published.name);
      asEvents.add(published.detail.id);
    },
    marked(run, elements) {
      const early = elements.filter((element) => !out.has(element.slice(0, 16)));
      work.marked(elements);
      if (early.length > 0)
        judge.violated(
          'I9',
          `${run.id} marked ${early.length} of ${elements.length} events that are neither on the bus nor in quarantine`,
        );
    },
    quarantined(run, { id, object, reason }) {
      const json = bucket.objects.get(object.key);
      run.hasMoved = true;
      if (json === undefined) {
        judge.violated('I3', `${run.id} put ${id} aside without its object`);
        return;
      }
      if (RAW.includes(reason)) {
        keepRaw(run, id, json, reason);
        return;
      }
      const published = readQuarantined(json);
      if (!isOfRecord(published)) return;
      const expectation = judgeRecord(published, run);
      if (expectation === undefined) return;
      if (reason === 'unparsed') expectation.isKept = true;
      else {
        expectation.isQuarantined = true;
        out.add(published.name);
        asEvents.add(published.detail.id);
      }
    },
    walked(run, window) {
      run.reader = { window, at: now(), localAt: run.wasSet ? Infinity : now() + run.skewMs };
    },
    committed(run, before, after) {
      if (before.token < highestToken)
        judge.violated('I6', `${run.id} committed with token ${before.token} after token ${highestToken}`);
      highestToken = before.token;
      run.token = before.token;
      if (JSON.stringify([before.wm, before.checkpoint]) !== JSON.stringify([after.wm, after.checkpoint]))
        run.hasMoved = true;
      judgeCommit({ ...deps, expectations, announcedGaps, walkOf }, run, before, after);
      const inflight = after.checkpoint?.inflight ?? null;
      if (inflight?.page === 1 && run.reader !== null) begun.set(keyOf(inflight), run.reader);
    },
    noted(run, names, deaths) {
      run.token = table.of(connector).state?.token ?? null;
      return work.noted(run, names, deaths);
    },
    asksUpstream: (run) => {
      silence.asksUpstream(run);
    },
    died(run) {
      silence.died(run);
      work.died(run);
    },
    ended(run) {
      silence.ended(run);
      work.ended(run);
    },
    reset() {
      highestToken = 0;
      silence.setBack();
      work.reset();
    },
    atRest() {
      silence.atRest();
      // A run that quarantined it may have failed before it could say so; where a later one could work on it after all, nothing is missing.
      const untold = [...rawRecords].find(
        ([id, records]) =>
          !asEvents.has(id) &&
          !expectations.all.some(({ record, arrivals }) => records.has(record) && arrivals.length > 0) &&
          !announcedRaw.some((text) => text.includes(id.replace(':', '-'))),
      );
      if (untold !== undefined) judge.violated('I23', `${untold[0]} is in quarantine raw, without a health event`);
    },
  };
}

function recordOnly(published: Published<RecordDetail | HealthDetail>): RecordDetail | undefined {
  return isOfRecord(published) ? published.detail : undefined;
}

const keyOf = ({ from, until }: Window) => `${from} ${until}`;
