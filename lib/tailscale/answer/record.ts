import { isUtf8 } from 'node:buffer';
import { parse as parseLossless } from 'lossless-json';
import type { ValueScanner } from './value-scanner';

/** Levels of nesting. The lossless parser, and the code that reads records later, recurse once per level. */
const MAX_DEPTH = 2_500;

/** Values in one record. Parsed, an empty object takes twenty times the memory of its text. */
const MAX_VALUES = 1_500_000;

/** What the scanner counted in a record. */
export type Scanned = Pick<ValueScanner, 'deepest' | 'parts' | 'mayHoldLongNumber'>;

export type ParsedRecord = { readonly value: unknown } | { readonly problem: string };

/**
 * Parses a record without losing a digit: a number of 16 digits or more, or with an exponent, becomes a string as it was
 * written. That depends on the number alone, since ids are made from records.
 */
export function parseRecord(raw: Uint8Array, { deepest, parts, mayHoldLongNumber }: Scanned): ParsedRecord {
  if (parts > MAX_VALUES) return { problem: `it has more than ${MAX_VALUES} values` };
  if (deepest > MAX_DEPTH) return { problem: `it is nested more than ${MAX_DEPTH} levels deep` };
  if (!isUtf8(raw)) return { problem: 'it holds bytes that are not UTF-8' };
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString();
  try {
    // The lossless parser is twenty times slower, so it gets only records that need it.
    return { value: mayHoldLongNumber ? parseLossless(text, null, { parseNumber, onDuplicateKey }) : JSON.parse(text) };
  } catch {
    // The parser's message quotes the text, which may be a secret.
    return { problem: 'it is not JSON' };
  }
}

/** Parses an archived record by the same rule. @throws Error naming the problem */
export function parseKeptRecord(json: string): unknown {
  const parsed = parseRecord(Buffer.from(json), { deepest: 0, parts: 0, mayHoldLongNumber: true });
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.value;
}

function parseNumber(written: string): number | string {
  return /[eE]/.test(written) || written.replaceAll(/\D/g, '').length >= 16 ? written : Number(written);
}

/** The last of equal keys counts, as with JSON.parse. */
function onDuplicateKey({ newValue }: { readonly newValue: unknown }): unknown {
  return newValue;
}
