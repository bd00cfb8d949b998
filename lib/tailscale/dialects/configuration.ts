import { ConnectorError } from '../../domain/errors';
import type { Millis, Window } from '../../domain/time';
import type { AuditLog } from '../../ports/audit-log';
import type { Ask } from '../http/ask';
import { CONFIGURATION_ENVELOPE, tailnetIn } from '../answer/envelope';
import { logUrl, timestamp } from './log-url';
import { openPage } from '../answer/page';
import { Unfinished } from '../http/wait-limit';

/** Milliseconds. A shorter slice is not asked for: what does not come of one second's log is a failure. */
const SMALLEST_SLICE_MS = 1_000;

/** In a row. After so many a walk fails: upstream may be down. */
const MAX_SLOW_ANSWERS = 2;

/**
 * The `configuration` dialect: a slice of the window in one answer, at first all of it. A slice whose answer takes too long
 * is asked for again with half its length, from the same instant; after one that came in time the next is twice as long.
 * Slices share their edges, `[a,m]` and `[m,b]`: both ends are inclusive to the nanosecond (seen on the live API), so
 * slices that did not would lose what lies between two milliseconds.
 *
 * The cursor is the instant up to which the window is done and, where the next slice is not the whole rest, its length in
 * milliseconds: `2026-11-01T00:00:00.000Z/43200000`.
 */
export function createConfigurationDialect(apiUrl: URL, tailnet: string, ask: Ask): AuditLog {
  return {
    async *pages(window, cursor, deadline) {
      let { from, lengthMs } =
        cursor === null ? { from: window.from, lengthMs: Infinity } : parseCursor(cursor, window);
      for (let slowAnswers = 0; ;) {
        const until = Math.min(from + lengthMs, window.until);
        const isSplittable = until - from > SMALLEST_SLICE_MS;
        const url = logUrl(apiUrl, tailnet, 'logging/configuration', { start: timestamp(from), end: timestamp(until) });
        const answer = await ask({ url, envelope: CONFIGURATION_ENVELOPE, isSplittable }, deadline);
        const { reader } = answer;
        let slow = null as Unfinished | null;
        try {
          const { page, isRead } = openPage(
            answer,
            { dialect: 'configuration', tailnet: tailnetIn(reader.strings, url) },
            (failure) => {
              if (failure === null) {
                lengthMs = 2 * (until - from);
                from = until;
                return { cursor: from === window.until ? null : cursorAt(from, lengthMs, window), until };
              }
              if (!isSplittable || !(failure instanceof Unfinished)) throw failure;
              slow = failure.isSlow ? failure : null;
              lengthMs = Math.max(SMALLEST_SLICE_MS, Math.ceil((until - from) / 2));
              return { cursor: cursorAt(from, lengthMs, window), until: null };
            },
          );
          yield page;
          if (!isRead() || page.end().cursor === null) return;
        } finally {
          await reader.close();
        }
        slowAnswers = slow === null ? 0 : slowAnswers + 1;
        if (slow !== null && slowAnswers === MAX_SLOW_ANSWERS) throw slow;
      }
    },
  };
}

function cursorAt(from: Millis, lengthMs: Millis, { until }: Window): string {
  return from + lengthMs < until ? `${timestamp(from)}/${lengthMs}` : timestamp(from);
}

function parseCursor(cursor: string, { from, until }: Window): { readonly from: Millis; readonly lengthMs: Millis } {
  const [, instant = '', length = null] = /^([^/]*)(?:\/([1-9]\d{0,14}))?$/.exec(cursor) ?? [];
  const at = Date.parse(instant);
  if (Number.isNaN(at) || timestamp(at) !== instant || at < from || at >= until) {
    throw new ConnectorError(
      'CURSOR_REFUSED',
      'the kept cursor is no instant of this window; the window is read again from the start',
    );
  }
  return { from: at, lengthMs: length === null ? Infinity : Number(length) };
}
