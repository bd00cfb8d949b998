import { createHash } from 'node:crypto';
import { idHalf, type PublishedId } from '../domain/published-id';
import type { LogRecord } from '../domain/record';
import { identifyBytes, type IdNames } from '../events/identity/event-id';
import { identify, type Form, type IdentifiedRecord } from '../events/identity/identify';
import type { PublishedSet } from '../ports/published-ids';
import type { RawRecord } from './quarantine';

/** A record whose events cannot be made: its bytes are quarantined. */
interface RawIdentity extends Pick<RawRecord, 'reason' | 'content' | 'id'> {
  readonly kind: 'raw';
  readonly publishedId: PublishedId;
  readonly position: number;
}

export type Identified =
  | {
      readonly kind: 'record';
      readonly identified: IdentifiedRecord;
      readonly raw: Uint8Array;
      readonly position: number;
    }
  | RawIdentity;

/** A record of which something was not published yet. `name` is the idHalf of its audit event. */
export type Work =
  | (Extract<Identified, { kind: 'record' }> & {
      readonly name: string;
      /** Those to publish; a revised one replaces what was published under its id. */
      readonly forms: readonly (Form & { readonly isRevision: boolean })[];
    })
  | (RawIdentity & { readonly name: string });

/** Total: a record that cannot be identified is known by its bytes. */
export function identifyLogRecord(record: LogRecord, names: IdNames): Identified {
  const { position } = record;
  const asRaw = (reason: RawRecord['reason'], content: RawRecord['content'], digest: string): Identified => ({
    kind: 'raw',
    ...identifyBytes(digest, names),
    reason,
    content,
    position,
  });
  if (record.kind === 'oversized') return asRaw('too-large', record.file, record.digest);
  if (record.kind === 'unreadable') return asRaw('unreadable', record.raw, sha256(record.raw));
  try {
    return { kind: 'record', identified: identify(record.value, names), raw: record.raw, position };
  } catch {
    return asRaw('failed', record.raw, sha256(record.raw));
  }
}

export function publishedIdsOf(one: Identified): readonly PublishedId[] {
  return one.kind === 'raw' ? [one.publishedId] : one.identified.forms.map(({ publishedId }) => publishedId);
}

/** Leaves out what was published. */
export interface Dedupe {
  /** Forgets the page before, but not what its edge shares with this one; see DedupeOptions. */
  startPage(): void;
  /** What is left to do for a record; null: all of it was published. Another content under a known id is a revision. */
  workOf(one: Identified, published: PublishedSet): Work | null;
}

export interface DedupeOptions {
  /** Publishes again what was published before. */
  readonly force: boolean;
  /**
   * Nothing is marked as published, or marks do not count: a record at the edge of two pages is known from the page before
   * alone. Else only the table proves anything, since a page may be read twice.
   */
  readonly remembersPage: boolean;
}

export function createDedupe({ force, remembersPage }: DedupeOptions): Dedupe {
  let previous: ReadonlySet<string> = new Set();
  let elements = new Set<string>();
  let ids = new Set<string>();

  const statusOf = (publishedId: PublishedId, published: PublishedSet): 'new' | 'same' | 'revised' => {
    const { element } = publishedId;
    if (elements.has(element) || previous.has(element)) return 'same';
    const marked = published.status(publishedId);
    const known = force && marked === 'same' ? 'new' : marked;
    const status = known === 'new' && ids.has(idHalf(publishedId)) ? 'revised' : known;
    elements.add(element);
    ids.add(idHalf(publishedId));
    return status;
  };

  return {
    startPage() {
      if (remembersPage) previous = elements;
      elements = new Set();
      ids = new Set();
    },
    workOf(one, published) {
      if (one.kind === 'raw')
        return statusOf(one.publishedId, published) === 'same' ? null : { ...one, name: idHalf(one.publishedId) };
      const forms = one.identified.forms
        .map((form) => ({ ...form, status: statusOf(form.publishedId, published) }))
        .filter(({ status }) => status !== 'same')
        .map(({ encoder, publishedId, status }) => ({ encoder, publishedId, isRevision: status === 'revised' }));
      const [audit] = one.identified.forms;
      return forms.length === 0 || audit === undefined ? null : { ...one, name: idHalf(audit.publishedId), forms };
    },
  };
}

/** Events that a record still gives. */
export const eventsOf = (work: Work): number => (work.kind === 'raw' ? 1 : work.forms.length);

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
