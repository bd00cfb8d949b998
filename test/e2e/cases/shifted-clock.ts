import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Millis } from '../../../lib/domain/time';

/** A sandbox's clock, which may be wrong, and may jump in the middle of a run. */
export interface ShiftedClock {
  /** Milliseconds ahead of the machine's clock from now on; negative: behind it. */
  shift(ms: Millis): void;
  /** The sandbox's environment: what makes it go by this clock. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

export function createShiftedClock(ms: Millis = 0): ShiftedClock {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'));
  const file = join(folder, 'ahead-by-ms');
  const shift = (ahead: Millis) => {
    writeFileSync(file, String(ahead));
  };
  shift(ms);
  return {
    shift,
    environment: { CLOCK_FILE: file },
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
