import type { ArchivedObject } from '../domain/quarantine';
import type { OversizedRecord } from '../domain/record';
import type { Deadline } from '../domain/deadline';

/** Keeps what is too large for the bus, and what is quarantined. */
export interface Archive {
  /**
   * Keeps a JSON text, or the bytes of one, under a key, compressed. Putting the same again changes nothing.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE.
   */
  put(key: string, content: string | Uint8Array, deadline: Deadline): Promise<ArchivedObject>;
  /**
   * Keeps raw bytes that are already gzipped in a local file, under a key. `sha256` and `bytes` describe the content
   * before compression and are returned as given.
   *
   * @throws ConnectorError ARCHIVE_UNAVAILABLE.
   */
  putFile(key: string, file: OversizedRecord['file'], deadline: Deadline): Promise<ArchivedObject>;
}

/** The archive, for reading too. */
export interface ReadableArchive extends Archive {
  /** `altered`: the object's hash is not the ledger's. */
  read(
    object: ArchivedObject,
    deadline: Deadline,
  ): Promise<{ readonly state: 'intact'; readonly json: string } | { readonly state: 'missing' | 'altered' }>;
}
