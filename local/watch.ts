import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';

/** @throws InvalidArgumentError for what is no number of seconds from 1 to 3600. */
export function parsePeriod(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 1 && seconds <= 3600)) throw new InvalidArgumentError('It is a number of seconds from 1 to 3600.');
  return seconds;
}

/**
 * Answers what ticks again and again. From now on Ctrl-C ends that, after the tick that is under way; a second one ends the
 * process.
 *
 * @param asked Seconds between two ticks; true: `standard`; undefined: it ends at once.
 */
export function openWatch(
  asked: number | true | undefined,
  standard: number,
): (tick: () => Promise<void>) => Promise<void> {
  if (asked === undefined) return () => Promise.resolve();
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
  });
  return async (tick) => {
    for (;;) {
      await sleep((asked === true ? standard : asked) * 1_000, undefined, { signal: controller.signal }).catch(
        () => undefined,
      );
      if (controller.signal.aborted) return;
      await tick();
    }
  };
}
