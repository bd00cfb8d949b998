import type { Clock, Millis } from '../../lib/connector/ports';

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
    let place = alarms.length;
    while (place > 0 && (alarms[place - 1]?.at ?? Infinity) <= alarm.at) place -= 1;
    alarms.splice(place, 0, alarm);
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
