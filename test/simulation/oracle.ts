import type { BusEvent, Millis, Quarantined, Window } from '../../lib/connector/ports';
import type { InMemoryBucket } from '../support/in-memory-archive';
import type { InMemoryTable, StateItem } from '../support/in-memory-table';
import { judgeCommit } from './commits';
import { createExpectations, type Expectation, type Expectations } from './expectations';
import type { Judge } from './judge';
import type { Plan } from './plan';
import { isOfRecord, readPublished, readQuarantined, type HealthDetail, type Published, type RecordDetail } from './published';
import { overlaps, type Run, type Walk } from './run';

/** What the oracle looks at: the world, never the connector's own view of it. */
export interface OracleDeps {
  readonly plan: Plan;
  readonly judge: Judge;
  readonly table: InMemoryTable;
  readonly bucket: InMemoryBucket;
  readonly connector: string;
  /** The true time. */
  readonly now: () => Millis;
}

/** Watches every effect in the world, and says when a promise is broken. */
export interface Oracle {
  readonly expectations: Expectations;
  arrived(run: Run, event: BusEvent): void;
  marked(run: Run, elements: readonly string[]): void;
  quarantined(run: Run, entry: Quarantined): void;
  /** The first answer of a walk is being made. */
  walked(run: Run, window: Window): void;
  committed(run: Run, before: StateItem, after: StateItem): void;
  /** A rewind, or a deleted item: tokens and the watermark begin anew. */
  reset(): void;
}

/** Events that one fault may repeat: two units of publishing. */
const MOST_REPEATED = 200;

export function createOracle(deps: OracleDeps): Oracle {
  const { judge, table, bucket, connector, plan, now } = deps;
  const expectations = createExpectations(plan.records);
  /** Marks of what is on the bus or in quarantine. */
  const out = new Set<string>();
  const idOf = new Map<string, string>();
  const recordOf = new Map<string, string>();
  const announcedGaps = new Set<string>();
  const repeatedBy = new Map<Run, number>();
  /** Walks of which a page was committed, by their windows. */
  const begun = new Map<string, Walk>();
  let highestToken = 0;

  const identify = (marker: string, { detail }: Published) => {
    // An edited record of the audit dialect keeps its id.
    const record = `${detail.stream} ${marker.replace(/-v\d$/, '')}`;
    const known = idOf.get(record) ?? detail.id;
    const owner = recordOf.get(detail.id) ?? record;
    if (known !== detail.id) judge.violated('I8', `${record} went out as ${known} and as ${detail.id}`);
    if (owner !== record) judge.violated('I8', `${detail.id} went out for ${owner} and for ${record}`);
    idOf.set(record, known);
    recordOf.set(detail.id, owner);
  };

  const judgeCopy = (run: Run, expectation: Expectation) => {
    const earlier = expectation.arrivals.at(-1);
    if (earlier === undefined) return;
    const cause = [earlier.run, run].find(({ disturbances }) => disturbances > 0);
    const isParallel = expectation.arrivals.some((arrival) => overlaps(arrival.run, run));
    if (cause === undefined && !isParallel) {
      judge.violated('I7', `${expectation.key} was published by ${earlier.run.id} and again by ${run.id}, though nothing had gone wrong`);
    }
    if (cause === undefined || isParallel) return;
    const repeated = (repeatedBy.get(cause) ?? 0) + 1;
    repeatedBy.set(cause, repeated);
    if (repeated > MOST_REPEATED * cause.disturbances) judge.violated('I7', `${repeated} events were repeated after ${cause.disturbances} faults in ${cause.id}`);
  };

  const judgeRecord = (published: Published, run: Run): Expectation | undefined => {
    const { detail, markers } = published;
    const [marker = 'none'] = markers;
    const expectation = expectations.find(marker, detail.stream);
    if (markers.length !== 1 || expectation === undefined) {
      judge.violated('I2', `an event speaks of [${markers.join(', ')}], which this tailnet never had (${detail.stream} ${detail.id})`);
      return undefined;
    }
    if (expectation.visibleFrom > now()) judge.violated('I2', `${expectation.key} was published before upstream showed it`);
    if (detail.tailnet !== table.of(connector).genesis?.tailnetKey) judge.violated('I15', `${expectation.key} is of the tailnet ${detail.tailnet}`);
    if (expectation.record.occurredAt !== null && detail.occurredAt !== expectation.record.occurredAt) judge.violated('I3', `${expectation.key} has the time ${String(detail.occurredAt)} instead of ${expectation.record.occurredAt}`);
    identify(marker, published);
    const whole = detail.claimCheck === null ? detail : claimed(detail.claimCheck.key, run);
    if (whole?.stream === 'audit' && !expectation.isHeldBy(whole)) judge.violated('I3', `${expectation.key} does not hold the value of its record`);
    return expectation;
  };

  /** The walk that a commit closes: one that an earlier run began, or this run's own. */
  const walkOf = (run: Run, { place }: StateItem): Walk | undefined => {
    const inflight = place?.inflight ?? null;
    return inflight === null || inflight.page === 0 ? (run.walk ?? undefined) : begun.get(keyOf(inflight));
  };

  const claimed = (key: string, run: Run) => {
    const json = bucket.objects.get(key);
    if (json !== undefined) return recordOnly(readPublished(json));
    judge.violated('I3', `${run.id} published a claim on ${key}, which is not in the archive`);
    return undefined;
  };

  const hear = (run: Run, { kind, interval }: HealthDetail) => {
    if (kind === 'stateLost') run.toldStateLost = true;
    if (kind === 'gap' && interval !== null) announcedGaps.add(`${Date.parse(interval.from)} ${Date.parse(interval.until)}`);
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
      judgeCopy(run, expectation);
      expectation.arrivals.push({ run, at: now() });
      out.add(published.element);
    },
    marked(run, elements) {
      const early = elements.filter((element) => !out.has(element));
      if (early.length > 0) judge.violated('I9', `${run.id} marked ${early.length} of ${elements.length} events that are neither on the bus nor in quarantine`);
    },
    quarantined(run, { id, object, reason }) {
      const json = bucket.objects.get(object.key);
      if (json === undefined) {
        judge.violated('I3', `${run.id} put ${id} aside without its object`);
        return;
      }
      const published = readQuarantined(json);
      if (!isOfRecord(published)) return;
      const expectation = judgeRecord(published, run);
      if (expectation === undefined) return;
      if (reason === 'unparsed') expectation.isKept = true;
      else {
        expectation.isQuarantined = true;
        out.add(published.element);
      }
    },
    walked(run, window) {
      run.walk = { window, at: now(), localAt: run.wasSet ? Infinity : now() + run.skewMs };
    },
    committed(run, before, after) {
      if (before.token < highestToken) judge.violated('I6', `${run.id} committed with token ${before.token} after token ${highestToken}`);
      highestToken = before.token;
      judgeCommit({ ...deps, expectations, announcedGaps, walkOf }, run, before, after);
      const inflight = after.place?.inflight ?? null;
      if (inflight?.page === 1 && run.walk !== null) begun.set(keyOf(inflight), run.walk);
    },
    reset() {
      highestToken = 0;
    },
  };
}

function recordOnly(published: Published<RecordDetail | HealthDetail>): RecordDetail | undefined {
  return isOfRecord(published) ? published.detail : undefined;
}

const keyOf = ({ from, until }: Window) => `${from} ${until}`;
