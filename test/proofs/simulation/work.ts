import type { PublishedId } from '../../../lib/domain/published-id';
import type { Millis } from '../../../lib/domain/time';
import { idHalf } from '../../../lib/domain/published-id';
import { identify } from '../../../lib/events/identity/identify';
import { isOut, type Expectation, type Expectations } from './expectations';
import type { OracleDeps } from './oracle';
import type { PlannedRecord } from './records';
import { overlaps, type Run } from './run';

/** Runs that a record may kill in a row: the third quarantines it raw. */
const MOST_DEATHS = 2;

/** Records that a run may have begun and not brought out when it begins the next: the unit that goes out, and the one that is made ready. */
const MOST_BEGUN = 200;

/** Watches what runs work on: whether it goes forward, and what becomes of the records on which they die. */
export interface WorkJudge {
  /** A run is about to work on these records. @returns whether one of them kills it. */
  noted(run: Run, names: readonly string[], deaths: number): boolean;
  marked(elements: readonly string[]): void;
  died(run: Run): void;
  ended(run: Run): void;
  /** A record was quarantined raw. */
  quarantinedRaw(run: Run, records: readonly PlannedRecord[], reason: string): void;
  /** A rewind, or a deleted item: what runs had noted is gone. */
  reset(): void;
}

interface Known {
  readonly record: PlannedRecord;
  readonly elements: readonly PublishedId[];
}

export function createWorkJudge(
  { judge, table, connector, now, plan }: OracleDeps,
  expectations: Expectations,
  runs: readonly Run[],
): WorkJudge {
  const markedAt = new Map<string, Millis>();
  /** Runs in a row that died on a record. */
  const row = new Map<string, number>();
  /** Runs that left a record behind as what they worked on, in all: killed, standing still, or out of time. */
  const suffered = new Map<string, number>();
  let byName: Map<string, Known[]> | undefined;

  /** An edited record has one name, and several contents. */
  const known = (name: string): readonly Known[] => {
    byName ??= nameAll(plan.records, table.of(connector).installation?.tailnetKey ?? '');
    return byName.get(name) ?? [];
  };
  const expected = ({ record }: Known): Expectation[] =>
    (['audit', 'policy-diff'] as const).flatMap((stream) => expectations.find(record.marker, stream) ?? []);
  const isBroughtOut = (name: string) => known(name).some((one) => expected(one).every(isOut));
  const isMarkedBefore = ({ bucket, element }: PublishedId, at: Millis) =>
    (markedAt.get(element) ?? Infinity) <= at && table.of(connector).seen.get(bucket)?.elements.has(element) === true;

  const left = new Set<number>();
  /** What a run finds when it begins. */
  const suffer = ({ inherited }: Run) => {
    if (inherited === null || left.has(inherited.token)) return;
    left.add(inherited.token);
    for (const name of inherited.records) suffered.set(name, (suffered.get(name) ?? 0) + 1);
  };

  return {
    noted(run, names, deaths) {
      const { noted } = run;
      suffer(run);
      run.noted = names;
      run.isSparing = deaths >= MOST_DEATHS;
      for (const name of names) {
        if (known(name).length === 0) judge.violated('I2', `${run.id} works on ${name}, which this tailnet never had`);
        const versions = known(name);
        if (
          versions.length > 0 &&
          versions.every(({ elements }) => elements.every((one) => isMarkedBefore(one, run.startedAt)))
        )
          judge.violated(
            'I24',
            `${run.id} works on ${versions[0]?.record.marker ?? name} again, which was out and marked before it began`,
          );
        if (deaths >= MOST_DEATHS && (suffered.get(name) ?? 0) < MOST_DEATHS)
          judge.violated(
            'I23',
            `${run.id} holds ${name} for the death of ${deaths} runs, and it was for ${suffered.get(name) ?? 0}`,
          );
      }
      if (names.join() !== noted.join()) {
        const late = run.isDisturbed ? [] : [...run.begun].filter((name) => !isBroughtOut(name));
        if (late.length > MOST_BEGUN)
          judge.violated('I20', `${run.id} goes on to further records while ${late.length} that it began are not out`);
        for (const name of names) run.begun.add(name);
      }
      return (
        deaths < MOST_DEATHS && names.some((name) => known(name).some(({ record }) => record.kind === 'kills its runs'))
      );
    },
    marked(elements) {
      for (const element of elements) if (!markedAt.has(element)) markedAt.set(element, now());
    },
    died(run) {
      // Nothing is worked on then: it was killed by something else.
      if (!run.isIn || run.isSparing) return;
      // One that stood still, and was overtaken, has broken the row.
      const previous = runs.filter((other) => other.isIn && other.number < run.number).at(-1);
      const before = new Map(previous?.hasCrashed === true ? row : []);
      row.clear();
      for (const name of run.noted) {
        const deaths = (before.get(name) ?? 0) + 1;
        row.set(name, deaths);
        if (deaths > MOST_DEATHS)
          judge.violated(
            'I23',
            `${run.id} is the ${deaths}th run in a row that died on ${known(name)[0]?.record.marker ?? name}`,
          );
      }
    },
    ended(run) {
      if (!run.isIn) return;
      row.clear();
      judgeProgress(run);
    },
    quarantinedRaw(run, records, reason) {
      for (const record of records) {
        const names = [...(byName ?? [])]
          .filter(([, all]) => all.some((one) => one.record === record))
          .map(([name]) => name);
        const isJust = reason === 'died-twice' && names.some((name) => (suffered.get(name) ?? 0) >= MOST_DEATHS);
        if (!isJust)
          judge.violated(
            'I23',
            `${run.id} put ${record.marker} in quarantine raw (${reason}), and no two runs died on it`,
          );
      }
    },
    reset() {
      // Tokens start over.
      left.clear();
      row.clear();
    },
  };

  function judgeProgress(run: Run): void {
    const isUndisturbed =
      !run.isDisturbed && !run.wasSet && run.frozenUntil === -Infinity && !runs.some((other) => overlaps(other, run));
    if (!isUndisturbed || run.mustWait || run.hasMoved) return;
    const left = expectations.all.find(
      (one) =>
        !isOut(one) &&
        one.isFinal &&
        one.visibleFrom <= run.startedAt &&
        one.at <= run.startedAt + Math.min(0, run.skewMs) &&
        one.at >= run.watermark - plan.overlapMinutes * 60_000,
    );
    if (left !== undefined)
      judge.violated('I20', `${run.id} had its time and left everything as it was, though ${left.key} was there`);
  }
}

function nameAll(records: readonly PlannedRecord[], tailnetKey: string): Map<string, Known[]> {
  const byName = new Map<string, Known[]>();
  for (const record of records) {
    // Where both dialects show the same, it is one record.
    for (const form of new Set([record.record, record.inOtherDialect])) {
      const elements = identify(form, { tailnetKey, idKey: 'key' }).forms.map(({ publishedId }) => publishedId);
      const [name] = elements.map(idHalf);
      if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), { record, elements }]);
    }
  }
  return byName;
}
