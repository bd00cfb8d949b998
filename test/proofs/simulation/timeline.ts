import type { Millis } from '../../../lib/domain/time';
import type { Clock } from '../../../lib/domain/deadline';

/** Virtual time: it passes only between events, and nothing waits for real. */
export interface Timeline extends Clock {
  /** Resolves that much later. */
  wait(ms: Millis): Promise<void>;
  /** Lets everything happen that is due until then. */
  advanceTo(at: Millis): Promise<void>;
}

interface Alarm {
  readonly at: Millis;
  readonly ring: () => void;
}

export function createTimeline(start: Millis): Timeline {
  let now = start;
  /** The next one last. */
  const alarms: Alarm[] = [];

  /** Behind those of the same instant: who began to wait first goes first. */
  const add = (alarm: Alarm) => {
    let checkpoint = alarms.length;
    while (checkpoint > 0 && (alarms[checkpoint - 1]?.at ?? Infinity) <= alarm.at) checkpoint -= 1;
    alarms.splice(checkpoint, 0, alarm);
  };

  return {
    now: () => now,
    wait: (ms) =>
      new Promise((resolve) => {
        add({ at: now + Math.max(0, ms), ring: resolve });
      }),
    async advanceTo(at) {
      await settled();
      for (let next = alarms.at(-1); next !== undefined && next.at <= at; next = alarms.at(-1)) {
        alarms.pop();
        now = Math.max(now, next.at);
        next.ring();
        await settled();
      }
      now = Math.max(now, at);
    },
  };
}

/** Until every promise that could go on has done so. */
const settled = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
