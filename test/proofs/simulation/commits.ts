import type { Millis } from '../../../lib/domain/time';
import type { StateItem } from '../../harness/in-memory-table';
import { RETENTION_MS } from '../../harness/in-memory-tailnet';
import { isOut, type Expectations } from './expectations';
import type { OracleDeps } from './oracle';
import type { Run, WindowReader } from './run';

/** Milliseconds. A window closes so far behind the server's clock, because records become visible a moment after they happen. */
const SETTLE_MS = 60_000;

export interface CommitDeps extends OracleDeps {
  readonly expectations: Expectations;
  /** `from until` of every gap that was announced on the bus. */
  readonly announcedGaps: ReadonlySet<string>;
  /** The walk that a commit closes. */
  readonly walkOf: (run: Run, before: StateItem, after: StateItem) => WindowReader | undefined;
}

const time = (millis: Millis) => new Date(millis).toISOString();

/** Judges the place that a commit is about to write. */
export function judgeCommit(
  { expectations, announcedGaps, judge, table, connector, plan, walkOf }: CommitDeps,
  run: Run,
  before: StateItem,
  after: StateItem,
): void {
  const { gaps, installation } = table.of(connector);
  if (before.rev === 0 && installation?.committed === true && !run.toldStateLost)
    judge.violated('I5', `${run.id} started over after the state was lost, without a health event`);
  if (after.wm === before.wm || run.toldStateLost) return;
  if (after.wm < before.wm) {
    judge.violated('I5', `${run.id} set the watermark back from ${time(before.wm)} to ${time(after.wm)}`);
    return;
  }
  if (gaps.has(`${before.wm} ${after.wm}`)) {
    if (!announcedGaps.has(`${before.wm} ${after.wm}`))
      judge.violated('I16', `${run.id} left out ${time(before.wm)} to ${time(after.wm)} without saying so on the bus`);
    return;
  }
  const reader = walkOf(run, before, after);
  if (reader === undefined || reader.window.from > before.wm) {
    judge.violated(
      'I16',
      `${run.id} moved the watermark from ${time(before.wm)} to ${time(after.wm)} after reading from ${reader === undefined ? 'nowhere' : time(reader.window.from)}`,
    );
    return;
  }
  if (after.wm > reader.at - SETTLE_MS)
    judge.violated(
      'I4',
      `${run.id} set the watermark to ${time(after.wm)}, and its walk saw nothing that came after ${time(reader.at)}`,
    );
  // By the clock of the run that asked: it may have been an earlier one than this.
  if (after.wm > reader.localAt - SETTLE_MS)
    judge.violated(
      'I10',
      `${run.id} set the watermark to ${time(after.wm)}, which is less than a minute before ${time(reader.localAt)}, when its walk began by our clock`,
    );
  const floor = Math.max(
    Math.min(installation?.startFrom ?? 0, before.wm),
    before.wm - plan.overlapMinutes * 60_000,
    reader.at - RETENTION_MS,
  );
  const missing = expectations.all.find(
    (one) => one.isFinal && one.at >= floor && one.at <= after.wm && one.visibleFrom <= reader.at && !isOut(one),
  );
  if (missing !== undefined) {
    judge.violated(
      'I4',
      `${run.id} set the watermark to ${time(after.wm)}, and ${missing.key} (${missing.record.kind}) of ${time(missing.at)}, visible since ${time(missing.visibleFrom)}, is not out; its window was first answered at ${time(reader.at)}`,
    );
  }
}
