import { readFileSync } from 'node:fs';

const PERIOD_MS = 200;

/** MiB a process has in memory now; 0 where it is gone, or where there is no /proc. */
function residentMiB(pid: number): number {
  try {
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib) / 1024);
  } catch {
    return 0;
  }
}

/** The most that one of the processes had, in each of two phases. */
export function watchMemory(
  pids: () => readonly number[],
  phase: () => 0 | 1,
): { readonly highest: readonly [number, number]; stop(): void } {
  const highest: [number, number] = [0, 0];
  const timer = setInterval(() => {
    const now = phase();
    highest[now] = Math.max(highest[now], ...pids().map(residentMiB));
  }, PERIOD_MS);
  return {
    highest,
    stop: () => {
      clearInterval(timer);
    },
  };
}
