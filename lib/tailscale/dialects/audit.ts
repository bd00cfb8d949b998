import { ConnectorError } from '../../domain/errors';
import type { AuditLog } from '../../ports/audit-log';
import type { Ask } from '../http/ask';
import { AUDIT_ENVELOPE, cursorIn } from '../answer/envelope';
import { logUrl, timestamp } from './log-url';
import { openPage } from '../answer/page';
import { Refusal } from '../http/refusal';

/** Statuses that, given to a request with a cursor, speak of the cursor. */
const CURSOR_STATUSES = [400, 404, 410];

/** The `audit` dialect: from `startTime` on, page by page along the API's own cursor, up to now. */
export function createAuditDialect(apiUrl: URL, tailnet: string, ask: Ask): AuditLog {
  return {
    async *pages(window, cursor, deadline) {
      const given = new Set<string>();
      for (let at = cursor; ;) {
        if (at !== null) given.add(at);
        const url = logUrl(apiUrl, tailnet, 'audit', {
          startTime: timestamp(window.from),
          ...(at === null ? {} : { cursor: at }),
        });
        const answer = await ask({ url, envelope: AUDIT_ENVELOPE, isSplittable: false }, deadline).catch(
          (error: unknown) => {
            throw at === null ? error : aboutCursor(error);
          },
        );
        const { reader } = answer;
        try {
          const readCursor = (): string | null => {
            const next = cursorIn(reader.strings, url);
            if (next !== null && given.has(next))
              throw new ConnectorError(
                'CURSOR_LOOP',
                `${url.host} gave a cursor for the second time, so the pages would never end`,
              );
            return next;
          };
          // A small page is read whole by now: then a loop is found before its records are given out again.
          if (reader.isComplete) readCursor();
          const { page, isRead } = openPage(answer, { dialect: 'audit', tailnet: null }, (failure) => {
            if (failure !== null) throw failure;
            return { cursor: readCursor(), until: null };
          });
          yield page;
          if (!isRead()) return;
          at = page.end().cursor;
        } finally {
          await reader.close();
        }
        if (at === null) return;
      }
    },
  };
}

function aboutCursor(error: unknown): unknown {
  if (!(error instanceof Refusal) || !CURSOR_STATUSES.includes(error.status)) return error;
  return new Refusal(
    'CURSOR_REFUSED',
    `Tailscale no longer takes the cursor; its window is read again from the start. ${error.message}`,
    error.status,
  );
}
