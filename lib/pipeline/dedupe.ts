import { createHash } from 'node:crypto';
import { identifyBytes, type IdNames } from '../events/identity/event-id';
import { identify, type IdentifiedRecord } from '../events/identity/identify';
import type { Wanted } from '../events/normalize';
import { idHalf, type PublishedId } from '../domain/published-id';
import type { LogRecord } from '../domain/record';
import type { PublishedSet } from '../ports/published-ids';
import type { RawRecord } from './quarantine';
import type { Edge } from './run';

/** A record that was not published yet. `name` is its idHalf. */
export type Work =
  | {
      readonly kind: 'record';
      readonly name: string;
      readonly identified: IdentifiedRecord;
      readonly raw: Uint8Array;
      readonly position: number;
      readonly wanted: Wanted;
      /** Which of its events replace what was published under their id. */
      readonly revised: Wanted;
    }
  /** Its events cannot be made. */
  | {
      readonly kind: 'raw';
      readonly name: string;
      readonly id: string;
      readonly mark: PublishedId;
      readonly reason: RawRecord['reason'];
      readonly content: RawRecord['content'];
      readonly position: number;
    };

/** Identity first: what was published needs no redaction and no diff. */
export type Identified =
  | {
      readonly kind: 'record';
      readonly identified: IdentifiedRecord;
      readonly raw: Uint8Array;
      readonly position: number;
    }
  | Extract<Work, { kind: 'raw' }>;

/** Total: a record that cannot be identified is known by its bytes. */
export function identifyLogRecord(record: LogRecord, names: IdNames): Identified {
  const asRaw = (reason: RawRecord['reason'], content: RawRecord['content'], digest: string): Identified => {
    const { id, mark } = identifyBytes(digest, names);
    return { kind: 'raw', name: idHalf(mark), id, mark, reason, content, position: record.position };
  };
  if (record.kind === 'oversized') return asRaw('too-large', record.file, record.digest);
  if (record.kind === 'unreadable') return asRaw('unreadable', record.raw, sha256(record.raw));
  try {
    return { kind: 'record', identified: identify(record.value, names), raw: record.raw, position: record.position };
  } catch {
    return asRaw('failed', record.raw, sha256(record.raw));
  }
}

export function marksOf(one: Identified): readonly PublishedId[] {
  if (one.kind === 'raw') return [one.mark];
  const { audit, diff } = one.identified.marks;
  return diff === null ? [audit] : [audit, diff];
}

/** What one reading of a page has met so far. Another reading of it starts anew: only marks in the table prove anything. */
export interface PageMemory {
  /** Elements of marks. */
  readonly elements: Set<string>;
  readonly ids: Set<string>;
}

export const createPageMemory = (): PageMemory => ({ elements: new Set(), ids: new Set() });

/**
 * What is left to do for a record; null: all of it was published. An id that went out with another content goes out as a
 * revision.
 */
export function workOf(one: Identified, seen: PublishedSet, memory: PageMemory, edge: Edge | null): Work | null {
  const statusOf = (mark: PublishedId): 'new' | 'same' | 'revised' => {
    const { element } = mark;
    if (memory.elements.has(element) || edge?.previous.has(element) === true) return 'same';
    const marked = seen.status(mark);
    const known = edge?.force === true && marked === 'same' ? 'new' : marked;
    const status = known === 'new' && memory.ids.has(idHalf(mark)) ? 'revised' : known;
    memory.elements.add(element);
    memory.ids.add(idHalf(mark));
    return status;
  };
  if (one.kind === 'raw') return statusOf(one.mark) === 'same' ? null : one;
  const { audit, diff } = one.identified.marks;
  const [auditStatus, diffStatus] = [statusOf(audit), diff === null ? 'same' : statusOf(diff)];
  if (auditStatus === 'same' && diffStatus === 'same') return null;
  return {
    ...one,
    name: idHalf(audit),
    wanted: { audit: auditStatus !== 'same', diff: diffStatus !== 'same' },
    revised: { audit: auditStatus === 'revised', diff: diffStatus === 'revised' },
  };
}

/** Events that a record gives. */
export const eventsOf = (work: Work): number =>
  work.kind === 'raw' ? 1 : Number(work.wanted.audit) + Number(work.wanted.diff);

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
