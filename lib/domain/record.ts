/** One record of an answer. `position` counts from 0 within the page, `bytes` are those of its JSON text. */
export type LogRecord =
  /** `value` is parsed; integers beyond 2^53 and numbers that a double cannot hold are strings. `raw` is its JSON text as UTF-8. */
  | {
      readonly kind: 'parsed';
      readonly position: number;
      readonly bytes: number;
      readonly value: unknown;
      readonly raw: Uint8Array;
    }
  /** Where it ends is known, but it is not JSON, not UTF-8, or nested too deep. */
  | {
      readonly kind: 'unreadable';
      readonly position: number;
      readonly bytes: number;
      readonly raw: Uint8Array;
      readonly problem: string;
    }
  | OversizedRecord;

/**
 * A record larger than one may be. Its beginning is gzipped in a local file, which is deleted when the page is closed or
 * the next batch is pulled; `file.sha256` (hex) and `file.bytes` are of that beginning before compression. `digest` is the
 * SHA-256 of the whole record.
 */
export interface OversizedRecord {
  readonly kind: 'oversized';
  readonly position: number;
  readonly bytes: number;
  readonly digest: string;
  readonly file: { readonly path: string; readonly sha256: string; readonly bytes: number };
}
