import { MultiBar, type SingleBar } from 'cli-progress';
import type { BackfillPlan } from '../../lib/contract/backfill';
import type { Millis } from '../../lib/domain/time';
import type { Terminal } from '../cli';
import { formatLength } from '../instant';
import type { JobProgress, Progress } from './pace';

/** Shows a job's progress. */
export interface Display {
  show(plan: BackfillPlan, progress: JobProgress, now: Millis): void;
  close(): void;
}

/** On a screen a bar for each running slice, else a line from time to time. */
export function createDisplay(terminal: Terminal): Display {
  return terminal.screen === undefined ? lines(terminal) : bars(terminal.screen);
}

const STEPS = 1_000;

const FORMAT = '{name} {bar} {percentage}%  {fetched} records  {rate}  {left}';

function bars(stream: NodeJS.WritableStream): Display {
  // The command handles Ctrl-C, not the bars.
  const drawn = new MultiBar({
    stream,
    format: FORMAT,
    gracefulExit: false,
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    hideCursor: true,
    forceRedraw: true,
    emptyOnZero: true,
  });
  const shown = new Map<number, SingleBar>();
  let all: SingleBar | undefined;
  const words = (name: string, { fetched, rate, left, page }: Progress) => ({
    name: name.padEnd(22),
    fetched: String(fetched).padStart(8),
    rate: `${rate === null ? '-' : Math.round(rate)}/s`.padStart(7),
    left: left === null ? (page > 0 ? `page ${page}` : '') : left === 0 ? '' : `${formatLength(seconds(left))} left`,
  });
  const draw = (bar: SingleBar | undefined, name: string, progress: Progress): SingleBar => {
    const value = Math.round(progress.fraction * STEPS);
    if (bar === undefined) return drawn.create(STEPS, value, words(name, progress));
    bar.update(value, words(name, progress));
    return bar;
  };
  return {
    show({ slices: planned }, progress) {
      all = draw(all, `${progress.slicesDone} of ${planned.length} slices done`, progress.all);
      for (const slice of progress.slices) {
        const from = planned.find((one) => one.slice === slice.slice)?.from.slice(0, 16) ?? '';
        const bar = shown.get(slice.slice);
        if (slice.fraction < 1) shown.set(slice.slice, draw(bar, `  from ${from}`, slice));
        else if (bar !== undefined) {
          drawn.remove(bar);
          shown.delete(slice.slice);
        }
      }
    },
    close: () => {
      drawn.stop();
    },
  };
}

/** Milliseconds between two lines while less than a tenth of the job gets done. */
const LINE_PERIOD = 30_000;

function lines(terminal: Terminal): Display {
  let said = { text: '', slicesDone: 0, tenths: 0, at: -LINE_PERIOD };
  return {
    show({ slices }, { all: { fraction, fetched, rate, left }, slicesDone }, now) {
      const tenths = Math.floor(fraction * 10);
      if (slicesDone === said.slicesDone && tenths === said.tenths && now - said.at < LINE_PERIOD) return;
      const pace = [
        ...(rate === null ? [] : [`${Math.round(rate)}/s`]),
        ...(left === null || left === 0 ? [] : [`${formatLength(seconds(left))} left`]),
      ];
      const text = [
        `${slicesDone} of ${slices.length} slices done`,
        `${Math.floor(fraction * 100)} %`,
        `${fetched} records`,
        ...pace,
      ].join(', ');
      if (text !== said.text) terminal.note(text);
      said = { text, slicesDone, tenths, at: now };
    },
    close: () => undefined,
  };
}

function seconds(length: Millis): Millis {
  return Math.round(length / 1_000) * 1_000;
}
