import { createHash } from 'node:crypto';
import type { Millis } from '../../../lib/domain/time';

/** What happened, line by line. */
export interface Trace {
  add(at: Millis, who: string, text: string): void;
  readonly lines: readonly string[];
  /** The same for the same history. */
  hash(): string;
}

export function createTrace(): Trace {
  const lines: string[] = [];
  return {
    add: (at, who, text) => void lines.push(`${new Date(at).toISOString()} ${who.padEnd(7)} ${text}`),
    lines,
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex'),
  };
}
