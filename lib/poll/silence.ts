import { BLIND_AFTER } from '../contract/timing';
import type { HealthRecord } from '../domain/checkpoint';
import { rfc3339, MINUTE, type Millis } from '../domain/time';
import type { LiveLease } from '../ports/checkpoints';

/** Milliseconds of log that may be missing on the bus before a health event reports it: three periods. */
const SILENT_AFTER_MS = 15 * MINUTE;

/** Milliseconds after which a silence that lasts is reported again. */
export const REPEAT_MS = 60 * MINUTE;

/** `catchingUp`: the watermark is old, but the work goes forward. */
export type Condition = 'well' | 'blind' | 'catchingUp';

export interface Facts {
  readonly now: Millis;
  readonly watermark: Millis;
  readonly failStreak: number;
  readonly health: Pick<HealthRecord, 'progressAt'>;
}

/** Is the bus up to date, whatever the cause? */
export function judge({ now, watermark, failStreak, health: { progressAt } }: Facts): Condition {
  const isOld = now - watermark > SILENT_AFTER_MS;
  if (!isOld && failStreak < BLIND_AFTER) return 'well';
  // Progress that left the watermark old is a catch-up. Progress that left it fresh was before the silence.
  const isMoving =
    progressAt !== null && now - progressAt <= SILENT_AFTER_MS && progressAt - watermark > SILENT_AFTER_MS;
  return isOld && isMoving && failStreak < BLIND_AFTER ? 'catchingUp' : 'blind';
}

/** Whether a condition has to be reported now: when it begins, and again every hour while it lasts. */
export function isDue(condition: 'blind' | 'catchingUp', { alert }: Pick<HealthRecord, 'alert'>, now: Millis): boolean {
  return alert?.kind !== condition || now - alert.at >= REPEAT_MS;
}

/** Why nothing comes, as far as the checkpoint knows. */
export function reasonOf(
  { previousDied, health: { ending } }: Pick<LiveLease, 'previousDied' | 'health'>,
  failStreak: number,
  failure: { readonly code: string; readonly message: string } | null,
): string {
  const since = ending === null ? '' : ` since ${rfc3339(ending.since)}`;
  if (failure !== null)
    return `${failStreak <= 1 ? 'a run has' : `${failStreak} runs in a row have`} failed, the last one with ${failure.code}: ${failure.message}`;
  if (previousDied) return 'the last run was killed before it could say why';
  switch (ending?.how) {
    case undefined:
      return 'no run has ended yet';
    case 'failed':
      return `runs have failed${since} with ${ending.code ?? 'an error'}`;
    case 'waiting':
      return `Tailscale has asked to wait (429)${since}`;
    case 'partial':
      return `runs have run out of time${since} without reaching the end of the log`;
    case 'whole':
      return 'no run has ended since then';
  }
}

/** How long a catch-up will take, by the pace of this run. @param movedMs Milliseconds that the watermark moved in it. */
export function timeToCatchUp(now: Millis, watermark: Millis, movedMs: Millis, periodMs: Millis): string {
  const gainedMs = movedMs - periodMs;
  if (gainedMs <= 0) return 'how long it will take is not known yet';
  const minutes = Math.ceil((((now - watermark) / gainedMs) * periodMs) / MINUTE);
  return minutes < 120
    ? `it will take about ${minutes} minutes`
    : `it will take about ${Math.ceil(minutes / 60)} hours`;
}
