import { randomBytes } from 'node:crypto';
import { json, message, type Answer, type ReceivedRequest } from './exchange';
import { parseInstant } from './instant';
import type { RecordStore } from './record-store';

/** Names of the two fields of the audit dialect's envelope, of which there are two spellings each. */
export interface AuditEnvelope {
  readonly list: 'auditLogs' | 'logs';
  readonly next: 'nextCursor' | 'cursor';
}

export interface AuditEndpoint {
  answer(request: ReceivedRequest): Answer;
  /** Every cursor given out so far is refused from now on. */
  expireCursors(status: 400 | 404 | 410): void;
}

/** What is behind a cursor. What becomes visible during a walk is not in it. */
interface WindowReader {
  readonly startTime: string;
  readonly records: readonly string[];
  /** How many records were shown. */
  readonly shown: number;
}

/**
 * `GET …/audit?startTime`, then the same with `&cursor`, until an answer names no next one. A cursor stays good until it
 * is expired, so that a broken walk can be taken up again; it is refused beside another `startTime`.
 */
export function createAuditEndpoint(
  store: RecordStore,
  settings: { readonly pageSize: number; readonly shape: 'stored' | 'audit'; readonly envelope: AuditEnvelope },
): AuditEndpoint {
  const walks = new Map<string, WindowReader>();
  const expired = new Map<string, 400 | 404 | 410>();

  const page = (walk: WindowReader): Answer => {
    const shown = walk.shown + settings.pageSize;
    const list = `"${settings.envelope.list}":[${walk.records.slice(walk.shown, shown).join(',')}]`;
    if (shown >= walk.records.length) return json(`{${list}}`);
    // 25 bytes in plain base64: padding and the odd `+` and `/`, so that a caller has to encode it.
    const cursor = randomBytes(25).toString('base64');
    walks.set(cursor, { ...walk, shown });
    return json(`{${list},"${settings.envelope.next}":"${cursor}"}`);
  };

  return {
    answer({ query }) {
      const startTime = query.get('startTime') ?? '';
      const start = parseInstant(startTime);
      if (start === null) return message(400, 'startTime must be an RFC 3339 time');
      const cursor = query.get('cursor');
      if (cursor === null) return page({ startTime, records: store.between(start, null, settings.shape), shown: 0 });
      const status = expired.get(cursor);
      if (status !== undefined) return message(status, 'cursor expired');
      const walk = walks.get(cursor);
      return walk?.startTime === startTime ? page(walk) : message(400, 'invalid cursor');
    },
    expireCursors(status) {
      for (const cursor of walks.keys()) expired.set(cursor, status);
      walks.clear();
    },
  };
}
