import { ConnectorError } from '../../domain/errors';
import { rfc3339, type Millis, type Window } from '../../domain/time';
import type { AuditLog } from '../../ports/audit-log';
import { decodeString, type Envelope, type Strings } from '../answer/envelope';
import { yieldPage } from '../answer/page';
import type { FetchLog } from '../http/fetch-log';
import { Unfinished } from '../http/wait-limit';
import { logUrl } from './log-url';

/** The tailnet's id or its name; the first one that the answer has counts. */
const TAILNET_KEYS = ['tailnetId', 'tailnet'];

export const CONFIGURATION_ENVELOPE: Envelope = { lists: ['logs'], strings: TAILNET_KEYS, names: TAILNET_KEYS };

/** Characters. A longer tailnet id, which is part of every event, becomes its beginning and digits of its hash. */
const TAILNET_ID = { longest: 256, beginning: 200, digits: 16 } as const;

/** Milliseconds. No shorter slice is requested: an answer for one second that fails is a failure. */
const SMALLEST_SLICE_MS = 1_000;

/** After so many slow answers in a row a walk fails: upstream may be down. */
const MAX_SLOW_ANSWERS = 2;

/**
 * The `configuration` dialect: a slice of the window in one answer, at first all of it. A slice whose answer takes too long
 * is requested again with half its length, from the same instant; after one that came in time the next is twice as long.
 * Slices share their edges, `[a,m]` and `[m,b]`: both ends are inclusive to the nanosecond (observed on the live API), so
 * separate edges would lose the events between two milliseconds.
 *
 * The cursor is the instant up to which the window is done and, if the next slice is not the whole rest, its length in
 * milliseconds: `2026-11-01T00:00:00.000Z/43200000`.
 */
export function createConfigurationDialect(apiUrl: URL, tailnet: string, fetchLog: FetchLog): AuditLog {
  return {
    async *pages(window, cursor, deadline) {
      let { from, lengthMs } =
        cursor === null ? { from: window.from, lengthMs: Infinity } : parseCursor(cursor, window);
      for (let slowAnswers = 0; ;) {
        const until = Math.min(from + lengthMs, window.until);
        const isSplittable = until - from > SMALLEST_SLICE_MS;
        const url = logUrl(apiUrl, tailnet, 'logging/configuration', { start: rfc3339(from), end: rfc3339(until) });
        const answer = await fetchLog({ url, envelope: CONFIGURATION_ENVELOPE, isSplittable }, deadline);
        let slow = null as Unfinished | null;
        const end = yield* yieldPage(answer, {
          about: () => ({ dialect: 'configuration', tailnet: tailnetIn(answer.reader.strings, url) }),
          atEnd: (failure) => {
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
        });
        if ((end?.cursor ?? null) === null) return;
        slowAnswers = slow === null ? 0 : slowAnswers + 1;
        if (slow !== null && slowAnswers === MAX_SLOW_ANSWERS) throw slow;
      }
    },
  };
}

/** The tailnet that the answer is about. A long id is shortened, and different ids still differ. @throws ConnectorError UPSTREAM_INVALID */
function tailnetIn(strings: Strings, url: URL): string | null {
  for (const key of TAILNET_KEYS) {
    const written = strings.get(key) ?? null;
    const id = written === null ? '' : decodeString(written, url);
    if (id === '' || written === null) continue;
    if (id.length <= TAILNET_ID.longest) return id;
    // Do not end in half of a surrogate pair.
    const beginning = id.slice(0, TAILNET_ID.beginning).replace(/[\ud800-\udbff]$/, '');
    return `${beginning}…${written.digest.slice(0, TAILNET_ID.digits)}`;
  }
  return null;
}

function cursorAt(from: Millis, lengthMs: Millis, { until }: Window): string {
  return from + lengthMs < until ? `${rfc3339(from)}/${lengthMs}` : rfc3339(from);
}

function parseCursor(cursor: string, { from, until }: Window): { readonly from: Millis; readonly lengthMs: Millis } {
  const [, instant = '', length = null] = /^([^/]*)(?:\/([1-9]\d{0,14}))?$/.exec(cursor) ?? [];
  const at = Date.parse(instant);
  if (Number.isNaN(at) || rfc3339(at) !== instant || at < from || at >= until) {
    throw new ConnectorError(
      'CURSOR_REFUSED',
      'the checkpoint has a cursor that is not an instant of this window; the window is read again from the start',
    );
  }
  return { from: at, lengthMs: length === null ? Infinity : Number(length) };
}
