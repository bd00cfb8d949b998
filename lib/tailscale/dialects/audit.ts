import { ConnectorError } from '../../domain/errors';
import { rfc3339 } from '../../domain/time';
import type { AuditLog, PageEnd } from '../../ports/audit-log';
import { decodeString, type Envelope, type Strings } from '../answer/envelope';
import { yieldPage } from '../answer/page';
import { invalid } from '../http/body';
import type { FetchLog } from '../http/fetch-log';
import { Refusal } from '../http/refusal';
import { logUrl } from './log-url';

const ENVELOPE: Envelope = { lists: ['auditLogs', 'logs'], strings: ['nextCursor', 'cursor'], names: [] };

/** Characters. The cursor becomes part of a query and of the checkpoint, an item of 400 KB at most. */
const MAX_CURSOR = 64 * 1024;

/** Statuses that, in answer to a request with a cursor, are about the cursor. */
const CURSOR_STATUSES = [400, 404, 410];

/** The `audit` dialect: pages along the API's cursor, from `startTime` up to now. */
export function createAuditDialect(apiUrl: URL, tailnet: string, fetchLog: FetchLog): AuditLog {
  return {
    async *pages(window, cursor, deadline) {
      const given = new Set<string>();
      for (let at = cursor; ;) {
        if (at !== null) given.add(at);
        const url = logUrl(apiUrl, tailnet, 'audit', {
          startTime: rfc3339(window.from),
          ...(at === null ? {} : { cursor: at }),
        });
        const answer = await fetchLog({ url, envelope: ENVELOPE, isSplittable: false }, deadline).catch(
          (error: unknown) => {
            throw at === null ? error : aboutCursor(error);
          },
        );
        const { reader } = answer;
        const readCursor = (): string | null => {
          const next = cursorIn(reader.strings, url);
          if (next === null || !given.has(next)) return next;
          throw new ConnectorError(
            'CURSOR_LOOP',
            `${url.host} gave the same cursor twice, so the pages would never end`,
          );
        };
        const end: PageEnd | null = yield* yieldPage(answer, {
          about: () => {
            // A small page is complete by now: find a loop before giving out its records again.
            if (reader.isComplete) readCursor();
            return { dialect: 'audit', tailnet: null };
          },
          atEnd: (failure) => {
            if (failure !== null) throw failure;
            return { cursor: readCursor(), until: null };
          },
        });
        at = end?.cursor ?? null;
        if (at === null) return;
      }
    },
  };
}

/** The cursor of the next page; null on the last. @throws ConnectorError UPSTREAM_INVALID for one that no checkpoint can hold */
function cursorIn(strings: Strings, url: URL): string | null {
  const name = strings.has('nextCursor') ? 'nextCursor' : 'cursor';
  const written = strings.get(name) ?? null;
  const cursor = written === null ? '' : decodeString(written, url);
  if (cursor.length > MAX_CURSOR) throw invalid(url, `has an unexpected form: ${name}: over ${MAX_CURSOR} characters`);
  return cursor === '' ? null : cursor;
}

function aboutCursor(error: unknown): unknown {
  if (!(error instanceof Refusal) || !CURSOR_STATUSES.includes(error.status)) return error;
  return new Refusal(
    'CURSOR_REFUSED',
    `Tailscale no longer accepts the cursor; its window is read again from the start. ${error.message}`,
    error.status,
  );
}
