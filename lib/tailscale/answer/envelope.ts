import { invalid } from '../http/body';
import type { EnvelopeKeys, WrittenString } from './envelope-scanner';

/** Characters. The cursor goes into a query and into the checkpoint, which has 400 KB at most. */
const MAX_CURSOR = 64 * 1024;

/** Characters of a tailnet's id, beyond which it is shortened: it goes into every event. */
const MAX_NAME = 256;

/** Characters of a shortened id that are its own; digits of its hash follow. */
const SHORTENED = { characters: 200, digits: 16 } as const;

/** What a dialect's envelope holds. */
export interface Envelope extends EnvelopeKeys {
  /** A string that must be known before the first record is given out; the first one that the answer has counts. */
  readonly names: readonly string[];
}

export const AUDIT_ENVELOPE: Envelope = { lists: ['auditLogs', 'logs'], strings: ['nextCursor', 'cursor'], names: [] };
export const CONFIGURATION_ENVELOPE: Envelope = {
  lists: ['logs'],
  strings: ['tailnetId', 'tailnet'],
  names: ['tailnetId', 'tailnet'],
};

/** Strings of an envelope as they were written; null is what the API writes for a missing one. */
export type Strings = ReadonlyMap<string, WrittenString | null>;

/** Where the answer says that the log goes on. @throws ConnectorError UPSTREAM_INVALID for a cursor that no checkpoint could keep. */
export function cursorIn(strings: Strings, url: URL): string | null {
  const name = strings.has('nextCursor') ? 'nextCursor' : 'cursor';
  const written = strings.get(name) ?? null;
  if (written === null) return null;
  const cursor = decode(written, url);
  if (cursor.length > MAX_CURSOR) throw invalid(url, `is not as it should be: ${name}: over ${MAX_CURSOR} characters`);
  return cursor === '' ? null : cursor;
}

/** The tailnet that the answer is about; a long id is shortened, so that different ones still differ. @throws ConnectorError UPSTREAM_INVALID */
export function tailnetIn(strings: Strings, url: URL): string | null {
  for (const name of CONFIGURATION_ENVELOPE.names) {
    const written = strings.get(name) ?? null;
    const id = written === null ? '' : decode(written, url);
    if (id === '' || written === null) continue;
    if (id.length <= MAX_NAME) return id;
    // A pair of UTF-16 halves is not torn apart.
    const beginning = id.slice(0, SHORTENED.characters).replace(/[\ud800-\udbff]$/, '');
    return `${beginning}…${written.digest.slice(0, SHORTENED.digits)}`;
  }
  return null;
}

/** Of a string that is cut the beginning, which is longer than any that is kept whole. */
function decode({ raw, isCut }: WrittenString, url: URL): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw, { stream: isCut });
  } catch {
    throw invalid(url, 'holds bytes that are no UTF-8');
  }
  // An escape has 6 characters at most, so one that is cut ends in the last 5.
  for (let dropped = 0; dropped <= (isCut ? 5 : 0); dropped += 1) {
    try {
      return String(JSON.parse(isCut ? `${text.slice(0, text.length - dropped)}"` : text));
    } catch {
      continue;
    }
  }
  throw invalid(url, 'is not whole JSON');
}
