import { invalid } from '../http/body';

/** The keys of an answer's JSON object that are read; all others are skipped. */
export interface Envelope {
  /** Lists of records, or null. */
  readonly lists: readonly string[];
  /** Strings, or null. */
  readonly strings: readonly string[];
  /** Strings of which one must be known before the first record is given out. */
  readonly names: readonly string[];
}

/** A string of the envelope as it was written, in quotes. */
export interface WrittenString {
  readonly raw: Uint8Array;
  /** `raw` is only its beginning. */
  readonly isCut: boolean;
  /** SHA-256 (hex) of the whole string as it was written. */
  readonly digest: string;
}

/** An envelope's strings as they were written; null is what the API writes for a missing one. */
export type Strings = ReadonlyMap<string, WrittenString | null>;

/** A string's text; only its beginning where the scanner cut it. @throws ConnectorError UPSTREAM_INVALID */
export function decodeString({ raw, isCut }: WrittenString, url: URL): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw, { stream: isCut });
  } catch {
    throw invalid(url, 'holds bytes that are not UTF-8');
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
